"""Operations on the ways in which a person signs in, and on the keys they hold."""

from __future__ import annotations

from kavach_core.storage.contract._common import OLDEST_FIRST
from kavach_core.storage.operations import Consume, Delete, Filter, Find, Get, Increment, Insert, Update, Upsert, equal
from kavach_schema.tables.sign_in import (
    API_KEYS,
    EMAIL_OTPS,
    JWT_REFRESH_TOKENS,
    LOGIN_HISTORY,
    MAGIC_LINKS,
    ONE_TIME_TOKENS,
    PASSKEY_CHALLENGES,
    PASSKEY_CREDENTIALS,
    PASSWORDS,
    PHONE_VERIFICATIONS,
    SERVICE_TOKENS,
    TOTPS,
    TRUSTED_DEVICES,
    USERNAME_ACCOUNTS,
)

FIND_API_KEY_BY_HASH = Get(API_KEYS, ("key_hash",))
LIST_API_KEYS_BY_USER = Find(API_KEYS, equal("user_id"), OLDEST_FIRST)
CREATE_API_KEY = Insert(API_KEYS)
UPDATE_API_KEY = Update(API_KEYS, ("id",))
DELETE_API_KEY = Delete(API_KEYS, (*equal("id"), *equal("user_id", optional=True)))
DELETE_EXPIRED_API_KEYS = Delete(API_KEYS, (Filter("expires_at", "now", "<=", optional=False),))
FIND_SERVICE_TOKEN_BY_HASH = Get(SERVICE_TOKENS, ("token_hash",))
LIST_SERVICE_TOKENS = Find(SERVICE_TOKENS, (), OLDEST_FIRST)
CREATE_SERVICE_TOKEN = Insert(SERVICE_TOKENS)
UPDATE_SERVICE_TOKEN = Update(SERVICE_TOKENS, ("id",))
DELETE_SERVICE_TOKEN = Delete(SERVICE_TOKENS, equal("id"))
DELETE_EXPIRED_SERVICE_TOKENS = Delete(SERVICE_TOKENS, (Filter("expires_at", "now", "<=", optional=False),))
FIND_PASSWORD = Get(PASSWORDS, ("user_id",))
UPSERT_PASSWORD = Upsert(PASSWORDS, ("user_id",))
UPDATE_PASSWORD = Update(PASSWORDS, ("user_id",), expect=("password_hash",))
DELETE_PASSWORD = Delete(PASSWORDS, equal("user_id"))
FIND_MAGIC_LINK = Get(MAGIC_LINKS, ("token",))
CREATE_MAGIC_LINK = Insert(MAGIC_LINKS)
CONSUME_MAGIC_LINK = Consume(
    MAGIC_LINKS, ("token",), mark="used", alive=(Filter("expires_at", "now", ">", optional=False),)
)
DELETE_EXPIRED_MAGIC_LINKS = Delete(MAGIC_LINKS, (Filter("expires_at", "now", "<=", optional=False),))
FIND_EMAIL_OTP = Get(EMAIL_OTPS, ("id",))
FIND_LATEST_EMAIL_OTP = Find(EMAIL_OTPS, equal("email"), OLDEST_FIRST, descending=True)
CREATE_EMAIL_OTP = Insert(EMAIL_OTPS)
INCREMENT_EMAIL_OTP_ATTEMPTS = Increment(EMAIL_OTPS, ("id",), "attempts", create=False)
CONSUME_EMAIL_OTP = Consume(EMAIL_OTPS, ("id",), alive=(Filter("expires_at", "now", ">", optional=False),))
DELETE_EMAIL_OTPS_BY_EMAIL = Delete(EMAIL_OTPS, equal("email"))
DELETE_EXPIRED_EMAIL_OTPS = Delete(EMAIL_OTPS, (Filter("expires_at", "now", "<=", optional=False),))
FIND_PHONE_VERIFICATION = Get(PHONE_VERIFICATIONS, ("id",))
FIND_LATEST_PHONE_VERIFICATION = Find(PHONE_VERIFICATIONS, equal("phone_number"), OLDEST_FIRST, descending=True)
CREATE_PHONE_VERIFICATION = Insert(PHONE_VERIFICATIONS)
INCREMENT_PHONE_VERIFICATION_ATTEMPTS = Increment(PHONE_VERIFICATIONS, ("id",), "attempts", create=False)
CONSUME_PHONE_VERIFICATION = Consume(
    PHONE_VERIFICATIONS, ("id",), alive=(Filter("expires_at", "now", ">", optional=False),)
)
DELETE_PHONE_VERIFICATIONS_BY_PHONE_NUMBER = Delete(PHONE_VERIFICATIONS, equal("phone_number"))
DELETE_EXPIRED_PHONE_VERIFICATIONS = Delete(PHONE_VERIFICATIONS, (Filter("expires_at", "now", "<=", optional=False),))
FIND_TOTP = Get(TOTPS, ("user_id",))
UPSERT_TOTP = Upsert(TOTPS, ("user_id",))
UPDATE_TOTP = Update(TOTPS, ("user_id",))
DELETE_TOTP = Delete(TOTPS, equal("user_id"))
FIND_PASSKEY_CREDENTIAL = Get(PASSKEY_CREDENTIALS, ("credential_id",))
LIST_PASSKEY_CREDENTIALS_BY_USER = Find(PASSKEY_CREDENTIALS, equal("user_id"), OLDEST_FIRST)
CREATE_PASSKEY_CREDENTIAL = Insert(PASSKEY_CREDENTIALS)
UPDATE_PASSKEY_CREDENTIAL = Update(PASSKEY_CREDENTIALS, ("id",), expect=("counter",))
DELETE_PASSKEY_CREDENTIAL = Delete(PASSKEY_CREDENTIALS, equal("credential_id"))
FIND_PASSKEY_CHALLENGE = Get(PASSKEY_CHALLENGES, ("challenge",))
CREATE_PASSKEY_CHALLENGE = Insert(PASSKEY_CHALLENGES)
CONSUME_PASSKEY_CHALLENGE = Consume(
    PASSKEY_CHALLENGES, ("challenge",), alive=(Filter("expires_at", "now", ">", optional=False),)
)
DELETE_EXPIRED_PASSKEY_CHALLENGES = Delete(PASSKEY_CHALLENGES, (Filter("expires_at", "now", "<=", optional=False),))
FIND_USERNAME_ACCOUNT = Get(USERNAME_ACCOUNTS, ("username",))
LIST_USERNAME_ACCOUNTS_BY_USER = Find(USERNAME_ACCOUNTS, equal("user_id"), OLDEST_FIRST)
CREATE_USERNAME_ACCOUNT = Insert(USERNAME_ACCOUNTS)
UPDATE_USERNAME_ACCOUNT = Update(USERNAME_ACCOUNTS, ("id",))
DELETE_USERNAME_ACCOUNT = Delete(USERNAME_ACCOUNTS, equal("id"))
FIND_TRUSTED_DEVICE = Get(
    TRUSTED_DEVICES,
    (
        "user_id",
        "fingerprint",
    ),
)
LIST_TRUSTED_DEVICES_BY_USER = Find(TRUSTED_DEVICES, equal("user_id"), ("trusted_at", "id"))
UPSERT_TRUSTED_DEVICE = Upsert(
    TRUSTED_DEVICES,
    (
        "user_id",
        "fingerprint",
    ),
)
DELETE_TRUSTED_DEVICE = Delete(TRUSTED_DEVICES, equal("id"))
DELETE_TRUSTED_DEVICES_BY_USER = Delete(TRUSTED_DEVICES, equal("user_id"))
DELETE_EXPIRED_TRUSTED_DEVICES = Delete(TRUSTED_DEVICES, (Filter("expires_at", "now", "<=", optional=False),))
FIND_ONE_TIME_TOKEN = Get(ONE_TIME_TOKENS, ("token_hash",))
CREATE_ONE_TIME_TOKEN = Insert(ONE_TIME_TOKENS)
CONSUME_ONE_TIME_TOKEN = Consume(
    ONE_TIME_TOKENS,
    ("token_hash",),
    mark="used",
    alive=(*equal("purpose"), Filter("expires_at", "now", ">", optional=False)),
)
DELETE_EXPIRED_ONE_TIME_TOKENS = Delete(ONE_TIME_TOKENS, (Filter("expires_at", "now", "<=", optional=False),))
CREATE_LOGIN_HISTORY = Insert(LOGIN_HISTORY)
LIST_LOGIN_HISTORY_BY_USER = Find(LOGIN_HISTORY, equal("user_id"), ("timestamp", "id"), descending=True)
FIND_JWT_REFRESH_TOKEN = Get(JWT_REFRESH_TOKENS, ("token_hash",))
CREATE_JWT_REFRESH_TOKEN = Insert(JWT_REFRESH_TOKENS)
MARK_JWT_REFRESH_TOKEN_USED = Consume(JWT_REFRESH_TOKENS, ("token_hash",), mark="used")
DELETE_JWT_REFRESH_TOKENS_BY_USER = Delete(JWT_REFRESH_TOKENS, equal("user_id"))
DELETE_EXPIRED_JWT_REFRESH_TOKENS = Delete(JWT_REFRESH_TOKENS, (Filter("expires_at", "now", "<=", optional=False),))
