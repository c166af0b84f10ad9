"""The ways in which a person signs in, and the keys they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kavach_schema.model import Table, boolean, integer, json, key, long_text, metadata, text, time
from kavach_schema.tables.lengths import EMAIL, USER_AGENT

if TYPE_CHECKING:
    from kavach_schema.records import (
        ApiKey,
        EmailOtp,
        JwtRefreshToken,
        LoginHistory,
        MagicLink,
        OneTimeToken,
        PasskeyChallenge,
        PasskeyCredential,
        Password,
        PhoneVerification,
        ServiceToken,
        Totp,
        TrustedDevice,
        UsernameAccount,
    )

CREDENTIAL_ID = 512
PHONE_NUMBER = 32

API_KEYS: Table[ApiKey] = Table(
    "kavach_api_keys",
    "KavachApiKey",
    "A key with which a person's program calls the API; only its hash is stored.",
    (
        key(),
        text("user_id", belongs_to="kavach_users"),
        text("name"),
        text("key_hash"),
        text("key_prefix", 32),
        json("permissions", "list[str]"),
        time("expires_at", null=True),
        time("last_used_at", null=True),
        time("created_at"),
    ),
    uniques=(("key_hash",),),
    indexes=(("user_id", "created_at", "id"), ("expires_at",)),
)

SERVICE_TOKENS: Table[ServiceToken] = Table(
    "kavach_service_tokens",
    "KavachServiceToken",
    "A token with which a program of the operator calls the API; only its hash is stored.",
    (
        key(),
        text("name"),
        text("token_hash"),
        text("token_prefix", 32),
        json("scopes", "list[str]"),
        text("tenant_id", null=True),
        time("expires_at", null=True),
        time("last_used_at", null=True),
        time("created_at"),
    ),
    uniques=(("token_hash",),),
    indexes=(("created_at", "id"), ("expires_at",)),
)

PASSWORDS: Table[Password] = Table(
    "kavach_passwords",
    "KavachPassword",
    "The password of a person who signs in by e-mail; only its hash is stored.",
    (
        key("user_id", belongs_to="kavach_users"),
        text("password_hash"),
        time("created_at"),
        time("updated_at"),
    ),
    key="user_id",
)

MAGIC_LINKS: Table[MagicLink] = Table(
    "kavach_magic_links",
    "KavachMagicLink",
    "A link sent by e-mail that signs in once.",
    (
        key(),
        text("email", EMAIL),
        text("token"),
        time("expires_at"),
        boolean("used", default=False),
        time("created_at"),
    ),
    uniques=(("token",),),
    indexes=(("email", "created_at", "id"), ("expires_at",)),
)

EMAIL_OTPS: Table[EmailOtp] = Table(
    "kavach_email_otps",
    "KavachEmailOtp",
    "A one-time code sent by e-mail.",
    (
        key(),
        text("email", EMAIL),
        text("code_hash"),
        time("expires_at"),
        integer("attempts", default=0),
        time("created_at"),
    ),
    indexes=(("email", "created_at", "id"), ("expires_at",)),
)

TOTPS: Table[Totp] = Table(
    "kavach_totp",
    "KavachTotp",
    "A person's time-based second factor (RFC 6238).",
    (
        key("user_id", belongs_to="kavach_users"),
        text("secret", 512),
        boolean("enabled", default=False),
        json("backup_codes", "list[str]"),
        time("created_at"),
        time("updated_at"),
    ),
    key="user_id",
)

PASSKEY_CREDENTIALS: Table[PasskeyCredential] = Table(
    "kavach_passkey_credentials",
    "KavachPasskeyCredential",
    "A registered passkey (WebAuthn, section 4: public key credential).",
    (
        key(),
        text("user_id", belongs_to="kavach_users"),
        text("credential_id", CREDENTIAL_ID),
        long_text("public_key"),
        integer("counter", default=0),
        text("device_name", null=True),
        text("transports", null=True),
        time("created_at"),
        time("last_used_at"),
    ),
    uniques=(("credential_id",),),
    indexes=(("user_id", "created_at", "id"),),
)

PASSKEY_CHALLENGES: Table[PasskeyChallenge] = Table(
    "kavach_passkey_challenges",
    "KavachPasskeyChallenge",
    "A challenge that a passkey must sign, used once.",
    (
        key(),
        text("challenge", 512),
        text("user_id", null=True, belongs_to="kavach_users"),
        text("type", 32),
        time("expires_at"),
        time("created_at"),
    ),
    uniques=(("challenge",),),
    indexes=(("user_id",), ("expires_at",)),
)

USERNAME_ACCOUNTS: Table[UsernameAccount] = Table(
    "kavach_username_accounts",
    "KavachUsernameAccount",
    "A name and password with which a person signs in.",
    (
        key(),
        text("user_id", belongs_to="kavach_users"),
        text("username"),
        text("password_hash", 512),
        time("created_at"),
        time("updated_at"),
    ),
    uniques=(("username",),),
    indexes=(("user_id", "created_at", "id"),),
)

PHONE_VERIFICATIONS: Table[PhoneVerification] = Table(
    "kavach_phone_verifications",
    "KavachPhoneVerification",
    "A one-time code sent to a telephone number.",
    (
        key(),
        text("phone_number", PHONE_NUMBER),
        text("code_hash"),
        integer("attempts", default=0),
        time("expires_at"),
        time("created_at"),
    ),
    indexes=(("phone_number", "created_at", "id"), ("expires_at",)),
)

TRUSTED_DEVICES: Table[TrustedDevice] = Table(
    "kavach_trusted_devices",
    "KavachTrustedDevice",
    "A device on which a person need not give the second factor again.",
    (
        key(),
        text("user_id", belongs_to="kavach_users"),
        text("fingerprint"),
        text("label"),
        time("trusted_at"),
        time("expires_at"),
    ),
    uniques=(("user_id", "fingerprint"),),
    indexes=(("user_id", "trusted_at", "id"), ("expires_at",)),
)

ONE_TIME_TOKENS: Table[OneTimeToken] = Table(
    "kavach_one_time_tokens",
    "KavachOneTimeToken",
    "A token for one purpose, such as a password reset, used once.",
    (
        key(),
        text("token_hash"),
        text("purpose", 64),
        text("identifier", 320),
        metadata(),
        boolean("used", default=False),
        time("expires_at"),
        time("created_at"),
    ),
    uniques=(("token_hash",),),
    indexes=(("identifier", "purpose", "created_at", "id"), ("expires_at",)),
)

LOGIN_HISTORY: Table[LoginHistory] = Table(
    "kavach_login_history",
    "KavachLoginHistory",
    "One sign-in of a person.",
    (
        key(),
        text("user_id", belongs_to="kavach_users"),
        text("method", 64),
        text("ip", 64, null=True),
        text("user_agent", USER_AGENT, null=True),
        time("timestamp"),
    ),
    indexes=(("user_id", "timestamp", "id"),),
)

JWT_REFRESH_TOKENS: Table[JwtRefreshToken] = Table(
    "kavach_jwt_refresh_tokens",
    "KavachJwtRefreshToken",
    "A refresh token of a JWT session, used once.",
    (
        key(),
        text("token_hash"),
        text("user_id", belongs_to="kavach_users"),
        boolean("used", default=False),
        time("expires_at"),
        time("created_at"),
    ),
    uniques=(("token_hash",),),
    indexes=(("user_id", "created_at", "id"), ("expires_at",)),
)
