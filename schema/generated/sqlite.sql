-- Generated from kavach_schema.tables by tools/generate.py for sqlite: do not edit.

CREATE TABLE IF NOT EXISTS "kavach_users" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "name" TEXT,
    "username" TEXT,
    "external_id" TEXT,
    "external_provider" TEXT,
    "metadata" TEXT,
    "banned" INTEGER NOT NULL DEFAULT 0,
    "ban_reason" TEXT,
    "ban_expires_at" BIGINT,
    "force_password_reset" INTEGER NOT NULL DEFAULT 0,
    "stripe_customer_id" TEXT,
    "stripe_subscription_id" TEXT,
    "stripe_subscription_status" TEXT,
    "stripe_price_id" TEXT,
    "stripe_current_period_end" BIGINT,
    "stripe_cancel_at_period_end" INTEGER NOT NULL DEFAULT 0,
    "polar_customer_id" TEXT,
    "polar_subscription_id" TEXT,
    "polar_subscription_status" TEXT,
    "polar_product_id" TEXT,
    "polar_current_period_end" BIGINT,
    "polar_cancel_at_period_end" INTEGER NOT NULL DEFAULT 0,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_users_email_key" ON "kavach_users" ("email");
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_users_username_key" ON "kavach_users" ("username");
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_users_stripe_customer_id_key" ON "kavach_users" ("stripe_customer_id");
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_users_polar_customer_id_key" ON "kavach_users" ("polar_customer_id");
CREATE INDEX IF NOT EXISTS "kavach_users_external_id_external_provider_idx" ON "kavach_users" ("external_id", "external_provider");
CREATE INDEX IF NOT EXISTS "kavach_users_created_at_id_idx" ON "kavach_users" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_tenants" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "settings" TEXT,
    "status" TEXT NOT NULL DEFAULT 'active',
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_tenants_slug_key" ON "kavach_tenants" ("slug");
CREATE INDEX IF NOT EXISTS "kavach_tenants_created_at_id_idx" ON "kavach_tenants" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_sessions" (
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "token_hash" TEXT,
    "expires_at" BIGINT NOT NULL,
    "metadata" TEXT,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_sessions_token_hash_key" ON "kavach_sessions" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_sessions_user_id_created_at_id_idx" ON "kavach_sessions" ("user_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_sessions_expires_at_idx" ON "kavach_sessions" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_organizations" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "metadata" TEXT,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_organizations_slug_key" ON "kavach_organizations" ("slug");
CREATE INDEX IF NOT EXISTS "kavach_organizations_owner_id_created_at_id_idx" ON "kavach_organizations" ("owner_id", "created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_org_members" (
    "id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "role" TEXT NOT NULL DEFAULT 'member',
    "joined_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_org_members_org_id_user_id_key" ON "kavach_org_members" ("org_id", "user_id");
CREATE INDEX IF NOT EXISTS "kavach_org_members_org_id_joined_at_id_idx" ON "kavach_org_members" ("org_id", "joined_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_org_members_user_id_joined_at_id_idx" ON "kavach_org_members" ("user_id", "joined_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_org_invitations" (
    "id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "role" TEXT NOT NULL DEFAULT 'member',
    "invited_by" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_org_invitations_org_id_created_at_id_idx" ON "kavach_org_invitations" ("org_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_org_invitations_email_created_at_id_idx" ON "kavach_org_invitations" ("email", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_org_invitations_expires_at_idx" ON "kavach_org_invitations" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_org_roles" (
    "id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "permissions" TEXT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_org_roles_org_id_name_key" ON "kavach_org_roles" ("org_id", "name");

CREATE TABLE IF NOT EXISTS "kavach_sso_connections" (
    "id" TEXT NOT NULL,
    "org_id" TEXT NOT NULL,
    "provider_id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "domain" TEXT NOT NULL,
    "enabled" INTEGER NOT NULL DEFAULT 1,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_sso_connections_domain_key" ON "kavach_sso_connections" ("domain");
CREATE INDEX IF NOT EXISTS "kavach_sso_connections_org_id_created_at_id_idx" ON "kavach_sso_connections" ("org_id", "created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_agents" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "tenant_id" TEXT,
    "name" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'active',
    "token_hash" TEXT NOT NULL,
    "token_prefix" TEXT NOT NULL,
    "expires_at" BIGINT,
    "last_active_at" BIGINT,
    "metadata" TEXT,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_agents_token_hash_key" ON "kavach_agents" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_agents_owner_id_created_at_id_idx" ON "kavach_agents" ("owner_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_agents_tenant_id_created_at_id_idx" ON "kavach_agents" ("tenant_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_agents_status_created_at_id_idx" ON "kavach_agents" ("status", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_agents_created_at_id_idx" ON "kavach_agents" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_permissions" (
    "id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "actions" TEXT NOT NULL,
    "constraints" TEXT,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_permissions_agent_id_created_at_id_idx" ON "kavach_permissions" ("agent_id", "created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_delegation_chains" (
    "id" TEXT NOT NULL,
    "from_agent_id" TEXT NOT NULL,
    "to_agent_id" TEXT NOT NULL,
    "parent_chain_id" TEXT,
    "permissions" TEXT NOT NULL,
    "depth" BIGINT NOT NULL DEFAULT 1,
    "max_depth" BIGINT NOT NULL DEFAULT 3,
    "status" TEXT NOT NULL DEFAULT 'active',
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_delegation_chains_from_agent_id_created_at_id_idx" ON "kavach_delegation_chains" ("from_agent_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_delegation_chains_to_agent_id_created_at_id_idx" ON "kavach_delegation_chains" ("to_agent_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_delegation_chains_parent_chain_id_created_at_id_idx" ON "kavach_delegation_chains" ("parent_chain_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_delegation_chains_expires_at_idx" ON "kavach_delegation_chains" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_audit_logs" (
    "id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "parameters" TEXT,
    "result" TEXT NOT NULL,
    "code" TEXT,
    "reason" TEXT,
    "constraints" TEXT,
    "delegation_chain" TEXT,
    "duration_ms" BIGINT NOT NULL,
    "duration_us" BIGINT,
    "tokens_cost" BIGINT,
    "ip" TEXT,
    "user_agent" TEXT,
    "timestamp" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_audit_logs_agent_id_timestamp_id_idx" ON "kavach_audit_logs" ("agent_id", "timestamp", "id");
CREATE INDEX IF NOT EXISTS "kavach_audit_logs_user_id_timestamp_id_idx" ON "kavach_audit_logs" ("user_id", "timestamp", "id");
CREATE INDEX IF NOT EXISTS "kavach_audit_logs_timestamp_id_idx" ON "kavach_audit_logs" ("timestamp", "id");

CREATE TABLE IF NOT EXISTS "kavach_audit_seals" (
    "id" TEXT NOT NULL,
    "number" BIGINT NOT NULL,
    "leaves" TEXT NOT NULL,
    "row_count" BIGINT NOT NULL,
    "root" TEXT NOT NULL,
    "last_timestamp" BIGINT,
    "last_id" TEXT,
    "removed_before" BIGINT,
    "previous" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "sealed_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_audit_seals_number_id_idx" ON "kavach_audit_seals" ("number", "id");

CREATE TABLE IF NOT EXISTS "kavach_audit_streams" (
    "id" TEXT NOT NULL,
    "last_timestamp" BIGINT NOT NULL,
    "last_id" TEXT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "kavach_audit_holds" (
    "id" TEXT NOT NULL,
    "agent_id" TEXT,
    "user_id" TEXT,
    "reason" TEXT NOT NULL,
    "status" TEXT NOT NULL DEFAULT 'active',
    "placed_by" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "lifted_by" TEXT,
    "lifted_at" BIGINT,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_audit_holds_status_created_at_id_idx" ON "kavach_audit_holds" ("status", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_audit_holds_created_at_id_idx" ON "kavach_audit_holds" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_rate_limits" (
    "id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "window_start" BIGINT NOT NULL,
    "count" BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_rate_limits_agent_id_resource_window_start_key" ON "kavach_rate_limits" ("agent_id", "resource", "window_start");
CREATE INDEX IF NOT EXISTS "kavach_rate_limits_window_start_idx" ON "kavach_rate_limits" ("window_start");

CREATE TABLE IF NOT EXISTS "kavach_counters" (
    "id" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "window_start" BIGINT NOT NULL,
    "count" BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_counters_subject_window_start_key" ON "kavach_counters" ("subject", "window_start");
CREATE INDEX IF NOT EXISTS "kavach_counters_window_start_idx" ON "kavach_counters" ("window_start");

CREATE TABLE IF NOT EXISTS "kavach_approval_requests" (
    "id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "arguments" TEXT,
    "status" TEXT NOT NULL DEFAULT 'pending',
    "expires_at" BIGINT NOT NULL,
    "responded_at" BIGINT,
    "responded_by" TEXT,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_approval_requests_agent_id_status_created_at_id_idx" ON "kavach_approval_requests" ("agent_id", "status", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_approval_requests_user_id_status_created_at_id_idx" ON "kavach_approval_requests" ("user_id", "status", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_approval_requests_status_created_at_id_idx" ON "kavach_approval_requests" ("status", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_approval_requests_expires_at_idx" ON "kavach_approval_requests" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_trust_scores" (
    "agent_id" TEXT NOT NULL,
    "score" BIGINT NOT NULL,
    "level" TEXT NOT NULL,
    "factors" TEXT NOT NULL,
    "computed_at" BIGINT NOT NULL,
    PRIMARY KEY ("agent_id")
);

CREATE TABLE IF NOT EXISTS "kavach_budget_policies" (
    "id" TEXT NOT NULL,
    "agent_id" TEXT,
    "user_id" TEXT,
    "tenant_id" TEXT,
    "limits" TEXT NOT NULL,
    "current_usage" TEXT NOT NULL,
    "action" TEXT NOT NULL DEFAULT 'warn',
    "status" TEXT NOT NULL DEFAULT 'active',
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_budget_policies_agent_id_created_at_id_idx" ON "kavach_budget_policies" ("agent_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_budget_policies_user_id_created_at_id_idx" ON "kavach_budget_policies" ("user_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_budget_policies_tenant_id_created_at_id_idx" ON "kavach_budget_policies" ("tenant_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_budget_policies_created_at_id_idx" ON "kavach_budget_policies" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_agent_cards" (
    "id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "version" TEXT NOT NULL,
    "protocols" TEXT NOT NULL,
    "capabilities" TEXT NOT NULL,
    "auth_requirements" TEXT NOT NULL,
    "endpoint" TEXT,
    "metadata" TEXT,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_agent_cards_agent_id_created_at_id_idx" ON "kavach_agent_cards" ("agent_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_agent_cards_created_at_id_idx" ON "kavach_agent_cards" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_agent_dids" (
    "agent_id" TEXT NOT NULL,
    "did" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "public_key_jwk" TEXT NOT NULL,
    "did_document" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("agent_id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_agent_dids_did_key" ON "kavach_agent_dids" ("did");

CREATE TABLE IF NOT EXISTS "kavach_cost_events" (
    "id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "tool" TEXT NOT NULL,
    "input_tokens" BIGINT,
    "output_tokens" BIGINT,
    "cost_micros" BIGINT NOT NULL,
    "currency" TEXT NOT NULL DEFAULT 'USD',
    "metadata" TEXT,
    "delegation_chain_id" TEXT,
    "recorded_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_cost_events_agent_id_recorded_at_id_idx" ON "kavach_cost_events" ("agent_id", "recorded_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_cost_events_delegation_chain_id_recorded_at_id_idx" ON "kavach_cost_events" ("delegation_chain_id", "recorded_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_cost_events_recorded_at_id_idx" ON "kavach_cost_events" ("recorded_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_ephemeral_sessions" (
    "id" TEXT NOT NULL,
    "agent_id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "expires_at" BIGINT NOT NULL,
    "max_actions" BIGINT,
    "actions_used" BIGINT NOT NULL DEFAULT 0,
    "status" TEXT NOT NULL DEFAULT 'active',
    "audit_group_id" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_ephemeral_sessions_token_hash_key" ON "kavach_ephemeral_sessions" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_ephemeral_sessions_agent_id_created_at_id_idx" ON "kavach_ephemeral_sessions" ("agent_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_ephemeral_sessions_owner_id_created_at_id_idx" ON "kavach_ephemeral_sessions" ("owner_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_ephemeral_sessions_expires_at_idx" ON "kavach_ephemeral_sessions" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_mcp_servers" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "endpoint" TEXT NOT NULL,
    "tools" TEXT NOT NULL,
    "auth_required" INTEGER NOT NULL DEFAULT 1,
    "rate_limit_rpm" BIGINT,
    "status" TEXT NOT NULL DEFAULT 'active',
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_mcp_servers_endpoint_key" ON "kavach_mcp_servers" ("endpoint");
CREATE INDEX IF NOT EXISTS "kavach_mcp_servers_status_created_at_id_idx" ON "kavach_mcp_servers" ("status", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_mcp_servers_created_at_id_idx" ON "kavach_mcp_servers" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_oauth_clients" (
    "id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "client_secret" TEXT,
    "client_name" TEXT,
    "client_uri" TEXT,
    "redirect_uris" TEXT NOT NULL,
    "grant_types" TEXT NOT NULL,
    "response_types" TEXT NOT NULL,
    "token_endpoint_auth_method" TEXT NOT NULL DEFAULT 'client_secret_basic',
    "type" TEXT NOT NULL DEFAULT 'confidential',
    "disabled" INTEGER NOT NULL DEFAULT 0,
    "metadata" TEXT,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_oauth_clients_client_id_key" ON "kavach_oauth_clients" ("client_id");
CREATE INDEX IF NOT EXISTS "kavach_oauth_clients_created_at_id_idx" ON "kavach_oauth_clients" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_oauth_access_tokens" (
    "id" TEXT NOT NULL,
    "access_token" TEXT NOT NULL,
    "refresh_token" TEXT,
    "client_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "scopes" TEXT NOT NULL,
    "resource" TEXT,
    "access_token_expires_at" BIGINT NOT NULL,
    "refresh_token_expires_at" BIGINT,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_oauth_access_tokens_access_token_key" ON "kavach_oauth_access_tokens" ("access_token");
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_oauth_access_tokens_refresh_token_key" ON "kavach_oauth_access_tokens" ("refresh_token");
CREATE INDEX IF NOT EXISTS "kavach_oauth_access_tokens_client_id_created_at_id_idx" ON "kavach_oauth_access_tokens" ("client_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_oauth_access_tokens_user_id_created_at_id_idx" ON "kavach_oauth_access_tokens" ("user_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_oauth_access_tokens_access_token_expires_at_idx" ON "kavach_oauth_access_tokens" ("access_token_expires_at");

CREATE TABLE IF NOT EXISTS "kavach_oauth_authorization_codes" (
    "id" TEXT NOT NULL,
    "code" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "redirect_uri" TEXT NOT NULL,
    "scopes" TEXT NOT NULL,
    "code_challenge" TEXT,
    "code_challenge_method" TEXT,
    "resource" TEXT,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_oauth_authorization_codes_code_key" ON "kavach_oauth_authorization_codes" ("code");
CREATE INDEX IF NOT EXISTS "kavach_oauth_authorization_codes_user_id_idx" ON "kavach_oauth_authorization_codes" ("user_id");
CREATE INDEX IF NOT EXISTS "kavach_oauth_authorization_codes_expires_at_idx" ON "kavach_oauth_authorization_codes" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_oidc_clients" (
    "id" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "client_secret_hash" TEXT NOT NULL,
    "client_name" TEXT NOT NULL,
    "redirect_uris" TEXT NOT NULL,
    "grant_types" TEXT NOT NULL,
    "response_types" TEXT NOT NULL,
    "scopes" TEXT NOT NULL,
    "token_endpoint_auth_method" TEXT NOT NULL DEFAULT 'client_secret_post',
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_oidc_clients_client_id_key" ON "kavach_oidc_clients" ("client_id");
CREATE INDEX IF NOT EXISTS "kavach_oidc_clients_created_at_id_idx" ON "kavach_oidc_clients" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_oidc_auth_codes" (
    "id" TEXT NOT NULL,
    "code_hash" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "redirect_uri" TEXT NOT NULL,
    "scopes" TEXT NOT NULL,
    "nonce" TEXT,
    "code_challenge" TEXT,
    "code_challenge_method" TEXT,
    "used" INTEGER NOT NULL DEFAULT 0,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_oidc_auth_codes_code_hash_key" ON "kavach_oidc_auth_codes" ("code_hash");
CREATE INDEX IF NOT EXISTS "kavach_oidc_auth_codes_user_id_idx" ON "kavach_oidc_auth_codes" ("user_id");
CREATE INDEX IF NOT EXISTS "kavach_oidc_auth_codes_expires_at_idx" ON "kavach_oidc_auth_codes" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_oidc_refresh_tokens" (
    "id" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "scopes" TEXT NOT NULL,
    "revoked" INTEGER NOT NULL DEFAULT 0,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_oidc_refresh_tokens_token_hash_key" ON "kavach_oidc_refresh_tokens" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_oidc_refresh_tokens_user_id_created_at_id_idx" ON "kavach_oidc_refresh_tokens" ("user_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_oidc_refresh_tokens_client_id_created_at_id_idx" ON "kavach_oidc_refresh_tokens" ("client_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_oidc_refresh_tokens_expires_at_idx" ON "kavach_oidc_refresh_tokens" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_api_keys" (
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "key_hash" TEXT NOT NULL,
    "key_prefix" TEXT NOT NULL,
    "permissions" TEXT NOT NULL,
    "expires_at" BIGINT,
    "last_used_at" BIGINT,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_api_keys_key_hash_key" ON "kavach_api_keys" ("key_hash");
CREATE INDEX IF NOT EXISTS "kavach_api_keys_user_id_created_at_id_idx" ON "kavach_api_keys" ("user_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_api_keys_expires_at_idx" ON "kavach_api_keys" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_service_tokens" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "token_prefix" TEXT NOT NULL,
    "scopes" TEXT NOT NULL,
    "tenant_id" TEXT,
    "expires_at" BIGINT,
    "last_used_at" BIGINT,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_service_tokens_token_hash_key" ON "kavach_service_tokens" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_service_tokens_created_at_id_idx" ON "kavach_service_tokens" ("created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_service_tokens_expires_at_idx" ON "kavach_service_tokens" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_passwords" (
    "user_id" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("user_id")
);

CREATE TABLE IF NOT EXISTS "kavach_magic_links" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "token" TEXT NOT NULL,
    "expires_at" BIGINT NOT NULL,
    "used" INTEGER NOT NULL DEFAULT 0,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_magic_links_token_key" ON "kavach_magic_links" ("token");
CREATE INDEX IF NOT EXISTS "kavach_magic_links_email_created_at_id_idx" ON "kavach_magic_links" ("email", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_magic_links_expires_at_idx" ON "kavach_magic_links" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_email_otps" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "code_hash" TEXT NOT NULL,
    "expires_at" BIGINT NOT NULL,
    "attempts" BIGINT NOT NULL DEFAULT 0,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_email_otps_email_created_at_id_idx" ON "kavach_email_otps" ("email", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_email_otps_expires_at_idx" ON "kavach_email_otps" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_totp" (
    "user_id" TEXT NOT NULL,
    "secret" TEXT NOT NULL,
    "enabled" INTEGER NOT NULL DEFAULT 0,
    "backup_codes" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("user_id")
);

CREATE TABLE IF NOT EXISTS "kavach_passkey_credentials" (
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "credential_id" TEXT NOT NULL,
    "public_key" TEXT NOT NULL,
    "counter" BIGINT NOT NULL DEFAULT 0,
    "device_name" TEXT,
    "transports" TEXT,
    "created_at" BIGINT NOT NULL,
    "last_used_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_passkey_credentials_credential_id_key" ON "kavach_passkey_credentials" ("credential_id");
CREATE INDEX IF NOT EXISTS "kavach_passkey_credentials_user_id_created_at_id_idx" ON "kavach_passkey_credentials" ("user_id", "created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_passkey_challenges" (
    "id" TEXT NOT NULL,
    "challenge" TEXT NOT NULL,
    "user_id" TEXT,
    "type" TEXT NOT NULL,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_passkey_challenges_challenge_key" ON "kavach_passkey_challenges" ("challenge");
CREATE INDEX IF NOT EXISTS "kavach_passkey_challenges_user_id_idx" ON "kavach_passkey_challenges" ("user_id");
CREATE INDEX IF NOT EXISTS "kavach_passkey_challenges_expires_at_idx" ON "kavach_passkey_challenges" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_username_accounts" (
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "username" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_username_accounts_username_key" ON "kavach_username_accounts" ("username");
CREATE INDEX IF NOT EXISTS "kavach_username_accounts_user_id_created_at_id_idx" ON "kavach_username_accounts" ("user_id", "created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_phone_verifications" (
    "id" TEXT NOT NULL,
    "phone_number" TEXT NOT NULL,
    "code_hash" TEXT NOT NULL,
    "attempts" BIGINT NOT NULL DEFAULT 0,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_phone_verifications_phone_number_created_at_id_idx" ON "kavach_phone_verifications" ("phone_number", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_phone_verifications_expires_at_idx" ON "kavach_phone_verifications" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_trusted_devices" (
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "label" TEXT NOT NULL,
    "trusted_at" BIGINT NOT NULL,
    "expires_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_trusted_devices_user_id_fingerprint_key" ON "kavach_trusted_devices" ("user_id", "fingerprint");
CREATE INDEX IF NOT EXISTS "kavach_trusted_devices_user_id_trusted_at_id_idx" ON "kavach_trusted_devices" ("user_id", "trusted_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_trusted_devices_expires_at_idx" ON "kavach_trusted_devices" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_one_time_tokens" (
    "id" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "identifier" TEXT NOT NULL,
    "metadata" TEXT,
    "used" INTEGER NOT NULL DEFAULT 0,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_one_time_tokens_token_hash_key" ON "kavach_one_time_tokens" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_one_time_tokens_identifier_purpose_created_at_id_idx" ON "kavach_one_time_tokens" ("identifier", "purpose", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_one_time_tokens_expires_at_idx" ON "kavach_one_time_tokens" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_login_history" (
    "id" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "method" TEXT NOT NULL,
    "ip" TEXT,
    "user_agent" TEXT,
    "timestamp" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_login_history_user_id_timestamp_id_idx" ON "kavach_login_history" ("user_id", "timestamp", "id");

CREATE TABLE IF NOT EXISTS "kavach_jwt_refresh_tokens" (
    "id" TEXT NOT NULL,
    "token_hash" TEXT NOT NULL,
    "user_id" TEXT NOT NULL,
    "used" INTEGER NOT NULL DEFAULT 0,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_jwt_refresh_tokens_token_hash_key" ON "kavach_jwt_refresh_tokens" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_jwt_refresh_tokens_user_id_created_at_id_idx" ON "kavach_jwt_refresh_tokens" ("user_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_jwt_refresh_tokens_expires_at_idx" ON "kavach_jwt_refresh_tokens" ("expires_at");
