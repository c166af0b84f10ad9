"""Methods on the ways in which a person signs in, and on the keys they hold."""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from kavach_core.storage import contract
from kavach_core.storage._async.backend import AsyncMethods
from kavach_schema.inputs import (
    ApiKeyInput,
    EmailOtpInput,
    JwtRefreshTokenInput,
    LoginHistoryInput,
    MagicLinkInput,
    OneTimeTokenInput,
    PasskeyChallengeInput,
    PasskeyCredentialChanges,
    PasskeyCredentialInput,
    PasswordInput,
    PhoneVerificationInput,
    ServiceTokenChanges,
    ServiceTokenInput,
    TotpChanges,
    TotpInput,
    TrustedDeviceInput,
    UsernameAccountChanges,
    UsernameAccountInput,
)
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


class AsyncSignInMethods(AsyncMethods):
    """The ways in which a person signs in, and on the keys they hold."""

    async def find_api_key_by_hash(self, key_hash: str) -> ApiKey | None:
        """Return the API key with this hash, expired or not, or None where there is none."""
        return await self._execute(contract.FIND_API_KEY_BY_HASH, {"key_hash": key_hash})

    async def list_api_keys_by_user(
        self, user_id: str, *, limit: int = 100, offset: int | None = None, after: ApiKey | None = None
    ) -> list[ApiKey]:
        """Return a user's API keys by creation, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"user_id": user_id, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_API_KEYS_BY_USER, values)

    async def create_api_key(self, **values: Unpack[ApiKeyInput]) -> ApiKey:
        """Write a new API key and return it; raises `ConflictError` where the id or the hash is taken."""
        return await self._execute(contract.CREATE_API_KEY, values)

    async def update_api_key_last_used(self, key_id: str, *, last_used_at: datetime) -> ApiKey | None:
        """Store when an API key was last used and return it, or None where there is none."""
        return await self._execute(contract.UPDATE_API_KEY, {"id": key_id, "last_used_at": last_used_at})

    async def delete_api_key(self, key_id: str) -> bool:
        """Delete the API key and tell whether there was one."""
        return await self._execute(contract.DELETE_API_KEY, {"id": key_id}) > 0

    async def delete_expired_api_keys(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the API keys that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_API_KEYS, {"now": now, "limit": limit})

    async def find_service_token_by_hash(self, token_hash: str) -> ServiceToken | None:
        """Return the service token with this hash, expired or not, or None."""
        return await self._execute(contract.FIND_SERVICE_TOKEN_BY_HASH, {"token_hash": token_hash})

    async def list_service_tokens(
        self, *, limit: int = 100, offset: int | None = None, after: ServiceToken | None = None
    ) -> list[ServiceToken]:
        """Return service tokens by creation, oldest first; `after` is the last one of the page before."""
        return await self._execute(contract.LIST_SERVICE_TOKENS, {"limit": limit, "offset": offset, "after": after})

    async def create_service_token(self, **values: Unpack[ServiceTokenInput]) -> ServiceToken:
        """Write a new service token and return it; raises `ConflictError` where the id or the hash is taken."""
        return await self._execute(contract.CREATE_SERVICE_TOKEN, values)

    async def update_service_token(self, token_id: str, **changes: Unpack[ServiceTokenChanges]) -> ServiceToken | None:
        """Change the named fields and return the service token, or None where there is none."""
        return await self._execute(contract.UPDATE_SERVICE_TOKEN, {"id": token_id, **changes})

    async def delete_service_token(self, token_id: str) -> bool:
        """Delete the service token and tell whether there was one."""
        return await self._execute(contract.DELETE_SERVICE_TOKEN, {"id": token_id}) > 0

    async def delete_expired_service_tokens(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the service tokens that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_SERVICE_TOKENS, {"now": now, "limit": limit})

    async def find_password(self, user_id: str) -> Password | None:
        """Return a user's password, hashed, or None where the user has none."""
        return await self._execute(contract.FIND_PASSWORD, {"user_id": user_id})

    async def upsert_password(self, **values: Unpack[PasswordInput]) -> Password:
        """Write a user's password, hashed, new or over the stored one, and return it."""
        return await self._execute(contract.UPSERT_PASSWORD, values)

    async def delete_password(self, user_id: str) -> bool:
        """Delete a user's password and tell whether there was one."""
        return await self._execute(contract.DELETE_PASSWORD, {"user_id": user_id}) > 0

    async def find_magic_link(self, token: str) -> MagicLink | None:
        """Return the link with exactly this token, used or expired or not, or None where there is none."""
        return await self._execute(contract.FIND_MAGIC_LINK, {"token": token})

    async def create_magic_link(self, **values: Unpack[MagicLinkInput]) -> MagicLink:
        """Write a new link and return it; raises `ConflictError` where the id or the token is taken."""
        return await self._execute(contract.CREATE_MAGIC_LINK, values)

    async def consume_magic_link(self, token: str, *, now: datetime) -> MagicLink | None:
        """Use up the link with this token: mark it used and return it, or None where it is missing, used or expired.

        Of any number of callers exactly one gets it.
        """
        return await self._execute(contract.CONSUME_MAGIC_LINK, {"token": token, "now": now})

    async def delete_expired_magic_links(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the links that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_MAGIC_LINKS, {"now": now, "limit": limit})

    async def find_email_otp(self, otp_id: str) -> EmailOtp | None:
        """Return the code with this id, expired or not, or None where there is none."""
        return await self._execute(contract.FIND_EMAIL_OTP, {"id": otp_id})

    async def find_latest_email_otp(self, email: str) -> EmailOtp | None:
        """Return the newest code of exactly this e-mail address, expired or not, or None."""
        found = await self._execute(contract.FIND_LATEST_EMAIL_OTP, {"email": email, "limit": 1})
        return found[0] if found else None

    async def create_email_otp(self, **values: Unpack[EmailOtpInput]) -> EmailOtp:
        """Write a new code and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_EMAIL_OTP, values)

    async def increment_email_otp_attempts(self, otp_id: str, *, limit: int) -> EmailOtp | None:
        """Count one more attempt and return the code, or None where it is missing or had `limit` attempts.

        Exact however many try at once.
        """
        values = {"id": otp_id, "attempts": 1, "limit": limit}
        return await self._execute(contract.INCREMENT_EMAIL_OTP_ATTEMPTS, values)

    async def consume_email_otp(self, otp_id: str, *, now: datetime) -> EmailOtp | None:
        """Use up the code: delete it and return it, or None where it is missing, used or expired.

        Of any number of callers exactly one gets it.
        """
        return await self._execute(contract.CONSUME_EMAIL_OTP, {"id": otp_id, "now": now})

    async def delete_email_otps_by_email(self, email: str) -> int:
        """Delete all codes of exactly this e-mail address and return how many there were."""
        return await self._execute(contract.DELETE_EMAIL_OTPS_BY_EMAIL, {"email": email})

    async def delete_expired_email_otps(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the codes that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_EMAIL_OTPS, {"now": now, "limit": limit})

    async def find_phone_verification(self, verification_id: str) -> PhoneVerification | None:
        """Return the code with this id, expired or not, or None where there is none."""
        return await self._execute(contract.FIND_PHONE_VERIFICATION, {"id": verification_id})

    async def find_latest_phone_verification(self, phone_number: str) -> PhoneVerification | None:
        """Return the newest code of exactly this phone number, expired or not, or None."""
        found = await self._execute(contract.FIND_LATEST_PHONE_VERIFICATION, {"phone_number": phone_number, "limit": 1})
        return found[0] if found else None

    async def create_phone_verification(self, **values: Unpack[PhoneVerificationInput]) -> PhoneVerification:
        """Write a new code and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_PHONE_VERIFICATION, values)

    async def increment_phone_verification_attempts(
        self, verification_id: str, *, limit: int
    ) -> PhoneVerification | None:
        """Count one more attempt and return the code, or None where it is missing or had `limit` attempts.

        Exact however many try at once.
        """
        values = {"id": verification_id, "attempts": 1, "limit": limit}
        return await self._execute(contract.INCREMENT_PHONE_VERIFICATION_ATTEMPTS, values)

    async def consume_phone_verification(self, verification_id: str, *, now: datetime) -> PhoneVerification | None:
        """Use up the code: delete it and return it, or None where it is missing, used or expired.

        Of any number of callers exactly one gets it.
        """
        return await self._execute(contract.CONSUME_PHONE_VERIFICATION, {"id": verification_id, "now": now})

    async def delete_phone_verifications_by_phone_number(self, phone_number: str) -> int:
        """Delete all codes of exactly this phone number and return how many there were."""
        return await self._execute(contract.DELETE_PHONE_VERIFICATIONS_BY_PHONE_NUMBER, {"phone_number": phone_number})

    async def delete_expired_phone_verifications(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the codes that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_PHONE_VERIFICATIONS, {"now": now, "limit": limit})

    async def find_totp(self, user_id: str) -> Totp | None:
        """Return the second factor of a user, enabled or not, or None where there is none."""
        return await self._execute(contract.FIND_TOTP, {"user_id": user_id})

    async def upsert_totp(self, **values: Unpack[TotpInput]) -> Totp:
        """Write a user's second factor, new or over the stored one, and return it."""
        return await self._execute(contract.UPSERT_TOTP, values)

    async def update_totp(self, user_id: str, **changes: Unpack[TotpChanges]) -> Totp | None:
        """Change the named fields and return the second factor, or None where there is none."""
        return await self._execute(contract.UPDATE_TOTP, {"user_id": user_id, **changes})

    async def delete_totp(self, user_id: str) -> bool:
        """Delete the second factor of a user and tell whether there was one."""
        return await self._execute(contract.DELETE_TOTP, {"user_id": user_id}) > 0

    async def find_passkey_credential(self, credential_id: str) -> PasskeyCredential | None:
        """Return the passkey with this credential id, or None where there is none."""
        return await self._execute(contract.FIND_PASSKEY_CREDENTIAL, {"credential_id": credential_id})

    async def list_passkey_credentials_by_user(
        self, user_id: str, *, limit: int = 100, offset: int | None = None, after: PasskeyCredential | None = None
    ) -> list[PasskeyCredential]:
        """Return a user's passkeys by creation, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"user_id": user_id, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_PASSKEY_CREDENTIALS_BY_USER, values)

    async def create_passkey_credential(self, **values: Unpack[PasskeyCredentialInput]) -> PasskeyCredential:
        """Write a new passkey and return it; raises `ConflictError` where the id or the credential id is taken."""
        return await self._execute(contract.CREATE_PASSKEY_CREDENTIAL, values)

    async def update_passkey_credential(
        self, row_id: str, *, expected_counter: int | None = None, **changes: Unpack[PasskeyCredentialChanges]
    ) -> PasskeyCredential | None:
        """Change the named fields of the row with this id and return the passkey, or None where there is none.

        With `expected_counter`, only while the stored value is still that: a signature counter is used once.
        """
        values: dict[str, object] = {"id": row_id, **changes, "expected_counter": expected_counter}
        return await self._execute(contract.UPDATE_PASSKEY_CREDENTIAL, values)

    async def delete_passkey_credential(self, credential_id: str) -> bool:
        """Delete the passkey and tell whether there was one."""
        return await self._execute(contract.DELETE_PASSKEY_CREDENTIAL, {"credential_id": credential_id}) > 0

    async def find_passkey_challenge(self, challenge: str) -> PasskeyChallenge | None:
        """Return the challenge, expired or not, or None where there is none."""
        return await self._execute(contract.FIND_PASSKEY_CHALLENGE, {"challenge": challenge})

    async def create_passkey_challenge(self, **values: Unpack[PasskeyChallengeInput]) -> PasskeyChallenge:
        """Write a new challenge and return it; raises `ConflictError` where the id or the challenge is taken."""
        return await self._execute(contract.CREATE_PASSKEY_CHALLENGE, values)

    async def consume_passkey_challenge(self, challenge: str, *, now: datetime) -> PasskeyChallenge | None:
        """Use up the challenge: delete it and return it, or None where it is missing, used or expired.

        Of any number of callers exactly one gets it.
        """
        return await self._execute(contract.CONSUME_PASSKEY_CHALLENGE, {"challenge": challenge, "now": now})

    async def delete_expired_passkey_challenges(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the challenges that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_PASSKEY_CHALLENGES, {"now": now, "limit": limit})

    async def find_username_account(self, username: str) -> UsernameAccount | None:
        """Return the account with exactly this name, or None where there is none."""
        return await self._execute(contract.FIND_USERNAME_ACCOUNT, {"username": username})

    async def list_username_accounts_by_user(
        self, user_id: str, *, limit: int = 100, offset: int | None = None, after: UsernameAccount | None = None
    ) -> list[UsernameAccount]:
        """Return a user's accounts by creation, oldest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"user_id": user_id, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_USERNAME_ACCOUNTS_BY_USER, values)

    async def create_username_account(self, **values: Unpack[UsernameAccountInput]) -> UsernameAccount:
        """Write a new account and return it; raises `ConflictError` where the id or the name is taken."""
        return await self._execute(contract.CREATE_USERNAME_ACCOUNT, values)

    async def update_username_account(
        self, account_id: str, **changes: Unpack[UsernameAccountChanges]
    ) -> UsernameAccount | None:
        """Change the named fields and return the account, or None where there is none."""
        return await self._execute(contract.UPDATE_USERNAME_ACCOUNT, {"id": account_id, **changes})

    async def delete_username_account(self, account_id: str) -> bool:
        """Delete the account and tell whether there was one."""
        return await self._execute(contract.DELETE_USERNAME_ACCOUNT, {"id": account_id}) > 0

    async def find_trusted_device(self, user_id: str, *, fingerprint: str) -> TrustedDevice | None:
        """Return the device of a user with this fingerprint, expired or not, or None where there is none."""
        return await self._execute(contract.FIND_TRUSTED_DEVICE, {"user_id": user_id, "fingerprint": fingerprint})

    async def list_trusted_devices_by_user(
        self, user_id: str, *, limit: int = 100, offset: int | None = None, after: TrustedDevice | None = None
    ) -> list[TrustedDevice]:
        """Return a user's devices by when they were trusted, oldest first.

        `after` is the last one of the page before.
        """
        values: dict[str, object] = {"user_id": user_id, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_TRUSTED_DEVICES_BY_USER, values)

    async def upsert_trusted_device(self, **values: Unpack[TrustedDeviceInput]) -> TrustedDevice:
        """Write a user's device, new or over the stored one with this fingerprint, and return it.

        A stored row keeps its id.
        """
        return await self._execute(contract.UPSERT_TRUSTED_DEVICE, values)

    async def delete_trusted_device(self, device_id: str) -> bool:
        """Delete the device and tell whether there was one."""
        return await self._execute(contract.DELETE_TRUSTED_DEVICE, {"id": device_id}) > 0

    async def delete_trusted_devices_by_user(self, user_id: str) -> int:
        """Delete all devices of a user and return how many there were."""
        return await self._execute(contract.DELETE_TRUSTED_DEVICES_BY_USER, {"user_id": user_id})

    async def delete_expired_trusted_devices(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the devices that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_TRUSTED_DEVICES, {"now": now, "limit": limit})

    async def find_one_time_token(self, token_hash: str) -> OneTimeToken | None:
        """Return the token with this hash, used or expired or not, or None where there is none."""
        return await self._execute(contract.FIND_ONE_TIME_TOKEN, {"token_hash": token_hash})

    async def create_one_time_token(self, **values: Unpack[OneTimeTokenInput]) -> OneTimeToken:
        """Write a new token and return it; raises `ConflictError` where the id or the hash is taken."""
        return await self._execute(contract.CREATE_ONE_TIME_TOKEN, values)

    async def consume_one_time_token(self, token_hash: str, *, purpose: str, now: datetime) -> OneTimeToken | None:
        """Use up the token with this hash for one purpose: mark it used and return it.

        None where it is missing, used, expired, or for another purpose. Of any number of callers exactly one gets it.
        """
        values = {"token_hash": token_hash, "purpose": purpose, "now": now}
        return await self._execute(contract.CONSUME_ONE_TIME_TOKEN, values)

    async def delete_expired_one_time_tokens(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the tokens that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_ONE_TIME_TOKENS, {"now": now, "limit": limit})

    async def create_login_history(self, **values: Unpack[LoginHistoryInput]) -> LoginHistory:
        """Write a new sign-in and return it; raises `ConflictError` where the id is taken."""
        return await self._execute(contract.CREATE_LOGIN_HISTORY, values)

    async def list_login_history_by_user(
        self, user_id: str, *, limit: int = 100, offset: int | None = None, after: LoginHistory | None = None
    ) -> list[LoginHistory]:
        """Return a user's sign-ins, newest first; `after` is the last one of the page before."""
        values: dict[str, object] = {"user_id": user_id, "limit": limit, "offset": offset, "after": after}
        return await self._execute(contract.LIST_LOGIN_HISTORY_BY_USER, values)

    async def find_jwt_refresh_token(self, token_hash: str) -> JwtRefreshToken | None:
        """Return the refresh token with this hash, used or expired or not, or None where there is none."""
        return await self._execute(contract.FIND_JWT_REFRESH_TOKEN, {"token_hash": token_hash})

    async def create_jwt_refresh_token(self, **values: Unpack[JwtRefreshTokenInput]) -> JwtRefreshToken:
        """Write a new refresh token and return it; raises `ConflictError` where the id or the hash is taken."""
        return await self._execute(contract.CREATE_JWT_REFRESH_TOKEN, values)

    async def mark_jwt_refresh_token_used(self, token_hash: str) -> JwtRefreshToken | None:
        """Mark the refresh token with this hash used and return it, expired or not; None where it is missing or used.

        Of any number of callers exactly one gets it.
        """
        return await self._execute(contract.MARK_JWT_REFRESH_TOKEN_USED, {"token_hash": token_hash})

    async def delete_jwt_refresh_tokens_by_user(self, user_id: str) -> int:
        """Delete all refresh tokens of a user and return how many there were."""
        return await self._execute(contract.DELETE_JWT_REFRESH_TOKENS_BY_USER, {"user_id": user_id})

    async def delete_expired_jwt_refresh_tokens(self, now: datetime, *, limit: int | None = None) -> int:
        """Delete the refresh tokens that expired at `now` or before, at most `limit`; return their number."""
        return await self._execute(contract.DELETE_EXPIRED_JWT_REFRESH_TOKENS, {"now": now, "limit": limit})
