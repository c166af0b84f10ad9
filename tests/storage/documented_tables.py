"""The documented tables and columns, as the reference of the original lists them.

`?` is nullable, `=x` a default, `key` and `unique` say what they say.
"""

from __future__ import annotations

from typing import Final

DOCUMENTED: Final = {
    "kavach_users": (
        "id text key, email text unique, name text?, username text? unique, external_id text?, external_provider "
        "text?, metadata json?, banned bool=false, ban_reason text?, ban_expires_at time?, force_password_reset "
        "bool=false, stripe_customer_id text? unique, stripe_subscription_id text?, stripe_subscription_status "
        "text?, stripe_price_id text?, stripe_current_period_end time?, stripe_cancel_at_period_end bool=false, "
        "polar_customer_id text? unique, polar_subscription_id text?, polar_subscription_status text?, "
        "polar_product_id text?, polar_current_period_end time?, polar_cancel_at_period_end bool=false, "
        "created_at time, updated_at time"
    ),
    "kavach_tenants": (
        "id text key, name text, slug text unique, settings json?, status text=active, created_at time, updated_at time"
    ),
    "kavach_agents": (
        "id text key, owner_id text, tenant_id text?, name text, type text, status text=active, token_hash text, "
        "token_prefix text, expires_at time?, last_active_at time?, metadata json?, created_at time, updated_at "
        "time"
    ),
    "kavach_permissions": (
        "id text key, agent_id text, resource text, actions json, constraints json?, created_at time"
    ),
    "kavach_delegation_chains": (
        "id text key, from_agent_id text, to_agent_id text, permissions json, depth int=1, max_depth int=3, "
        "status text=active, expires_at time, created_at time"
    ),
    "kavach_audit_logs": (
        "id text key, agent_id text, user_id text, action text, resource text, parameters json?, result text, "
        "reason text?, duration_ms int, tokens_cost int?, ip text?, user_agent text?, timestamp time"
    ),
    "kavach_rate_limits": ("id text key, agent_id text, resource text, window_start time, count int=0"),
    "kavach_mcp_servers": (
        "id text key, name text, endpoint text unique, tools json, auth_required bool=true, rate_limit_rpm int?, "
        "status text=active, created_at time, updated_at time"
    ),
    "kavach_sessions": ("id text key, user_id text, expires_at time, metadata json?, created_at time"),
    "kavach_oauth_clients": (
        "id text key, client_id text unique, client_secret text?, client_name text?, client_uri text?, "
        "redirect_uris json, grant_types json, response_types json, token_endpoint_auth_method "
        "text=client_secret_basic, type text=confidential, disabled bool=false, metadata json?, created_at time, "
        "updated_at time"
    ),
    "kavach_oauth_access_tokens": (
        "id text key, access_token text unique, refresh_token text? unique, client_id text, user_id text, scopes "
        "text, resource text?, access_token_expires_at time, refresh_token_expires_at time?, created_at time"
    ),
    "kavach_oauth_authorization_codes": (
        "id text key, code text unique, client_id text, user_id text, redirect_uri text, scopes text, "
        "code_challenge text?, code_challenge_method text?, resource text?, expires_at time, created_at time"
    ),
    "kavach_budget_policies": (
        "id text key, agent_id text?, user_id text?, tenant_id text?, limits json, current_usage json, action "
        "text=warn, status text=active, created_at time"
    ),
    "kavach_agent_cards": (
        "id text key, agent_id text, name text, description text?, version text, protocols json, capabilities "
        "json, auth_requirements json, endpoint text?, metadata json?, created_at time, updated_at time"
    ),
    "kavach_approval_requests": (
        "id text key, agent_id text, user_id text, action text, resource text, arguments json?, status "
        "text=pending, expires_at time, responded_at time?, responded_by text?, created_at time"
    ),
    "kavach_trust_scores": ("agent_id text key, score int, level text, factors json, computed_at time"),
    "kavach_magic_links": (
        "id text key, email text, token text unique, expires_at time, used bool=false, created_at time"
    ),
    "kavach_email_otps": ("id text key, email text, code_hash text, expires_at time, attempts int=0, created_at time"),
    "kavach_totp": (
        "user_id text key, secret text, enabled bool=false, backup_codes json, created_at time, updated_at time"
    ),
    "kavach_organizations": (
        "id text key, name text, slug text unique, owner_id text, metadata json?, created_at time, updated_at time"
    ),
    "kavach_org_members": ("id text key, org_id text, user_id text, role text=member, joined_at time"),
    "kavach_org_invitations": (
        "id text key, org_id text, email text, role text=member, invited_by text, status text=pending, expires_at "
        "time, created_at time"
    ),
    "kavach_org_roles": ("id text key, org_id text, name text, permissions json"),
    "kavach_passkey_credentials": (
        "id text key, user_id text, credential_id text unique, public_key text, counter int=0, device_name text?, "
        "transports text?, created_at time, last_used_at time"
    ),
    "kavach_sso_connections": (
        "id text key, org_id text, provider_id text, type text, domain text unique, enabled bool=true, created_at time"
    ),
    "kavach_api_keys": (
        "id text key, user_id text, name text, key_hash text, key_prefix text, permissions json, expires_at "
        "time?, last_used_at time?, created_at time"
    ),
    "kavach_passkey_challenges": (
        "id text key, challenge text unique, user_id text?, type text, expires_at time, created_at time"
    ),
    "kavach_username_accounts": (
        "id text key, user_id text, username text unique, password_hash text, created_at time, updated_at time"
    ),
    "kavach_phone_verifications": (
        "id text key, phone_number text, code_hash text, attempts int=0, expires_at time, created_at time"
    ),
    "kavach_trusted_devices": (
        "id text key, user_id text, fingerprint text, label text, trusted_at time, expires_at time"
    ),
    "kavach_one_time_tokens": (
        "id text key, token_hash text unique, purpose text, identifier text, metadata json?, used bool=false, "
        "expires_at time, created_at time"
    ),
    "kavach_login_history": ("id text key, user_id text, method text, ip text?, user_agent text?, timestamp time"),
    "kavach_agent_dids": (
        "agent_id text key, did text unique, method text, public_key_jwk text, did_document text, created_at time"
    ),
    "kavach_oidc_clients": (
        "id text key, client_id text unique, client_secret_hash text, client_name text, redirect_uris json, "
        "grant_types json, response_types json, scopes json, token_endpoint_auth_method text=client_secret_post, "
        "created_at time, updated_at time"
    ),
    "kavach_oidc_auth_codes": (
        "id text key, code_hash text unique, client_id text, user_id text, redirect_uri text, scopes text, nonce "
        "text?, code_challenge text?, code_challenge_method text?, used bool=false, expires_at time, created_at "
        "time"
    ),
    "kavach_oidc_refresh_tokens": (
        "id text key, token_hash text unique, client_id text, user_id text, scopes text, revoked bool=false, "
        "expires_at time, created_at time"
    ),
    "kavach_cost_events": (
        "id text key, agent_id text, tool text, input_tokens int?, output_tokens int?, cost_micros int, currency "
        "text=USD, metadata json?, delegation_chain_id text?, recorded_at time"
    ),
    "kavach_ephemeral_sessions": (
        "id text key, agent_id text, owner_id text, token_hash text unique, expires_at time, max_actions int?, "
        "actions_used int=0, status text=active, audit_group_id text, created_at time, updated_at time"
    ),
    "kavach_jwt_refresh_tokens": (
        "id text key, token_hash text unique, user_id text, used bool=false, expires_at time, created_at time"
    ),
}
