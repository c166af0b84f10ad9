-- Generated from kavach_schema.tables by tools/generate.py for postgresql: do not edit.

CREATE TABLE IF NOT EXISTS "kavach_users" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "email" VARCHAR(320) COLLATE "C" NOT NULL,
    "name" VARCHAR(255) COLLATE "C",
    "username" VARCHAR(255) COLLATE "C",
    "external_id" VARCHAR(255) COLLATE "C",
    "external_provider" VARCHAR(255) COLLATE "C",
    "metadata" JSONB,
    "banned" BOOLEAN NOT NULL DEFAULT FALSE,
    "ban_reason" VARCHAR(1024) COLLATE "C",
    "ban_expires_at" BIGINT,
    "force_password_reset" BOOLEAN NOT NULL DEFAULT FALSE,
    "stripe_customer_id" VARCHAR(255) COLLATE "C",
    "stripe_subscription_id" VARCHAR(255) COLLATE "C",
    "stripe_subscription_status" VARCHAR(255) COLLATE "C",
    "stripe_price_id" VARCHAR(255) COLLATE "C",
    "stripe_current_period_end" BIGINT,
    "stripe_cancel_at_period_end" BOOLEAN NOT NULL DEFAULT FALSE,
    "polar_customer_id" VARCHAR(255) COLLATE "C",
    "polar_subscription_id" VARCHAR(255) COLLATE "C",
    "polar_subscription_status" VARCHAR(255) COLLATE "C",
    "polar_product_id" VARCHAR(255) COLLATE "C",
    "polar_current_period_end" BIGINT,
    "polar_cancel_at_period_end" BOOLEAN NOT NULL DEFAULT FALSE,
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
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "name" VARCHAR(255) COLLATE "C" NOT NULL,
    "slug" VARCHAR(255) COLLATE "C" NOT NULL,
    "settings" JSONB,
    "status" VARCHAR(32) COLLATE "C" NOT NULL DEFAULT 'active',
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_tenants_slug_key" ON "kavach_tenants" ("slug");
CREATE INDEX IF NOT EXISTS "kavach_tenants_created_at_id_idx" ON "kavach_tenants" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_sessions" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "token_hash" VARCHAR(255) COLLATE "C",
    "expires_at" BIGINT NOT NULL,
    "metadata" JSONB,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_sessions_token_hash_key" ON "kavach_sessions" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_sessions_user_id_created_at_id_idx" ON "kavach_sessions" ("user_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_sessions_expires_at_idx" ON "kavach_sessions" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_organizations" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "name" VARCHAR(255) COLLATE "C" NOT NULL,
    "slug" VARCHAR(255) COLLATE "C" NOT NULL,
    "owner_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "metadata" JSONB,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_organizations_slug_key" ON "kavach_organizations" ("slug");
CREATE INDEX IF NOT EXISTS "kavach_organizations_owner_id_created_at_id_idx" ON "kavach_organizations" ("owner_id", "created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_org_members" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "org_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "role" VARCHAR(64) COLLATE "C" NOT NULL DEFAULT 'member',
    "joined_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_org_members_org_id_user_id_key" ON "kavach_org_members" ("org_id", "user_id");
CREATE INDEX IF NOT EXISTS "kavach_org_members_org_id_joined_at_id_idx" ON "kavach_org_members" ("org_id", "joined_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_org_members_user_id_joined_at_id_idx" ON "kavach_org_members" ("user_id", "joined_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_org_invitations" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "org_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "email" VARCHAR(320) COLLATE "C" NOT NULL,
    "role" VARCHAR(64) COLLATE "C" NOT NULL DEFAULT 'member',
    "invited_by" VARCHAR(255) COLLATE "C" NOT NULL,
    "status" VARCHAR(32) COLLATE "C" NOT NULL DEFAULT 'pending',
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_org_invitations_org_id_created_at_id_idx" ON "kavach_org_invitations" ("org_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_org_invitations_email_created_at_id_idx" ON "kavach_org_invitations" ("email", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_org_invitations_expires_at_idx" ON "kavach_org_invitations" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_org_roles" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "org_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "name" VARCHAR(64) COLLATE "C" NOT NULL,
    "permissions" JSONB NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_org_roles_org_id_name_key" ON "kavach_org_roles" ("org_id", "name");

CREATE TABLE IF NOT EXISTS "kavach_sso_connections" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "org_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "provider_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "type" VARCHAR(32) COLLATE "C" NOT NULL,
    "domain" VARCHAR(255) COLLATE "C" NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT TRUE,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_sso_connections_domain_key" ON "kavach_sso_connections" ("domain");
CREATE INDEX IF NOT EXISTS "kavach_sso_connections_org_id_created_at_id_idx" ON "kavach_sso_connections" ("org_id", "created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_agents" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "owner_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "tenant_id" VARCHAR(255) COLLATE "C",
    "name" VARCHAR(255) COLLATE "C" NOT NULL,
    "type" VARCHAR(32) COLLATE "C" NOT NULL,
    "status" VARCHAR(32) COLLATE "C" NOT NULL DEFAULT 'active',
    "token_hash" VARCHAR(255) COLLATE "C" NOT NULL,
    "token_prefix" VARCHAR(32) COLLATE "C" NOT NULL,
    "expires_at" BIGINT,
    "last_active_at" BIGINT,
    "metadata" JSONB,
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
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "agent_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "resource" VARCHAR(1024) COLLATE "C" NOT NULL,
    "actions" JSONB NOT NULL,
    "constraints" JSONB,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_permissions_agent_id_created_at_id_idx" ON "kavach_permissions" ("agent_id", "created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_delegation_chains" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "from_agent_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "to_agent_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "parent_chain_id" VARCHAR(255) COLLATE "C",
    "permissions" JSONB NOT NULL,
    "depth" BIGINT NOT NULL DEFAULT 1,
    "max_depth" BIGINT NOT NULL DEFAULT 3,
    "status" VARCHAR(32) COLLATE "C" NOT NULL DEFAULT 'active',
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_delegation_chains_from_agent_id_created_at_id_idx" ON "kavach_delegation_chains" ("from_agent_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_delegation_chains_to_agent_id_created_at_id_idx" ON "kavach_delegation_chains" ("to_agent_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_delegation_chains_parent_chain_id_created_at_id_idx" ON "kavach_delegation_chains" ("parent_chain_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_delegation_chains_expires_at_idx" ON "kavach_delegation_chains" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_audit_logs" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "agent_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "action" VARCHAR(255) COLLATE "C" NOT NULL,
    "resource" VARCHAR(1024) COLLATE "C" NOT NULL,
    "parameters" JSONB,
    "result" VARCHAR(32) COLLATE "C" NOT NULL,
    "code" VARCHAR(64) COLLATE "C",
    "reason" VARCHAR(1024) COLLATE "C",
    "constraints" JSONB,
    "delegation_chain" JSONB,
    "duration_ms" BIGINT NOT NULL,
    "duration_us" BIGINT,
    "tokens_cost" BIGINT,
    "ip" VARCHAR(64) COLLATE "C",
    "user_agent" VARCHAR(1024) COLLATE "C",
    "timestamp" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_audit_logs_agent_id_timestamp_id_idx" ON "kavach_audit_logs" ("agent_id", "timestamp", "id");
CREATE INDEX IF NOT EXISTS "kavach_audit_logs_user_id_timestamp_id_idx" ON "kavach_audit_logs" ("user_id", "timestamp", "id");
CREATE INDEX IF NOT EXISTS "kavach_audit_logs_timestamp_id_idx" ON "kavach_audit_logs" ("timestamp", "id");

CREATE TABLE IF NOT EXISTS "kavach_audit_seals" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "number" BIGINT NOT NULL,
    "leaves" JSONB NOT NULL,
    "row_count" BIGINT NOT NULL,
    "root" VARCHAR(64) COLLATE "C" NOT NULL,
    "last_timestamp" BIGINT,
    "last_id" VARCHAR(255) COLLATE "C",
    "removed_before" BIGINT,
    "previous" VARCHAR(64) COLLATE "C" NOT NULL,
    "hash" VARCHAR(64) COLLATE "C" NOT NULL,
    "sealed_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_audit_seals_number_id_idx" ON "kavach_audit_seals" ("number", "id");

CREATE TABLE IF NOT EXISTS "kavach_audit_streams" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "last_timestamp" BIGINT NOT NULL,
    "last_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);

CREATE TABLE IF NOT EXISTS "kavach_audit_holds" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "agent_id" VARCHAR(255) COLLATE "C",
    "user_id" VARCHAR(255) COLLATE "C",
    "reason" VARCHAR(1024) COLLATE "C" NOT NULL,
    "status" VARCHAR(32) COLLATE "C" NOT NULL DEFAULT 'active',
    "placed_by" VARCHAR(255) COLLATE "C" NOT NULL,
    "created_at" BIGINT NOT NULL,
    "lifted_by" VARCHAR(255) COLLATE "C",
    "lifted_at" BIGINT,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_audit_holds_status_created_at_id_idx" ON "kavach_audit_holds" ("status", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_audit_holds_created_at_id_idx" ON "kavach_audit_holds" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_rate_limits" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "agent_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "resource" VARCHAR(400) COLLATE "C" NOT NULL,
    "window_start" BIGINT NOT NULL,
    "count" BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_rate_limits_agent_id_resource_window_start_key" ON "kavach_rate_limits" ("agent_id", "resource", "window_start");
CREATE INDEX IF NOT EXISTS "kavach_rate_limits_window_start_idx" ON "kavach_rate_limits" ("window_start");

CREATE TABLE IF NOT EXISTS "kavach_counters" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "subject" VARCHAR(400) COLLATE "C" NOT NULL,
    "window_start" BIGINT NOT NULL,
    "count" BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_counters_subject_window_start_key" ON "kavach_counters" ("subject", "window_start");
CREATE INDEX IF NOT EXISTS "kavach_counters_window_start_idx" ON "kavach_counters" ("window_start");

CREATE TABLE IF NOT EXISTS "kavach_approval_requests" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "agent_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "action" VARCHAR(255) COLLATE "C" NOT NULL,
    "resource" VARCHAR(1024) COLLATE "C" NOT NULL,
    "arguments" JSONB,
    "status" VARCHAR(32) COLLATE "C" NOT NULL DEFAULT 'pending',
    "expires_at" BIGINT NOT NULL,
    "responded_at" BIGINT,
    "responded_by" VARCHAR(255) COLLATE "C",
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_approval_requests_agent_id_status_created_at_id_idx" ON "kavach_approval_requests" ("agent_id", "status", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_approval_requests_user_id_status_created_at_id_idx" ON "kavach_approval_requests" ("user_id", "status", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_approval_requests_status_created_at_id_idx" ON "kavach_approval_requests" ("status", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_approval_requests_expires_at_idx" ON "kavach_approval_requests" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_trust_scores" (
    "agent_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "score" BIGINT NOT NULL,
    "level" VARCHAR(32) COLLATE "C" NOT NULL,
    "factors" JSONB NOT NULL,
    "computed_at" BIGINT NOT NULL,
    PRIMARY KEY ("agent_id")
);

CREATE TABLE IF NOT EXISTS "kavach_budget_policies" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "agent_id" VARCHAR(255) COLLATE "C",
    "user_id" VARCHAR(255) COLLATE "C",
    "tenant_id" VARCHAR(255) COLLATE "C",
    "limits" JSONB NOT NULL,
    "current_usage" JSONB NOT NULL,
    "action" VARCHAR(32) COLLATE "C" NOT NULL DEFAULT 'warn',
    "status" VARCHAR(32) COLLATE "C" NOT NULL DEFAULT 'active',
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_budget_policies_agent_id_created_at_id_idx" ON "kavach_budget_policies" ("agent_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_budget_policies_user_id_created_at_id_idx" ON "kavach_budget_policies" ("user_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_budget_policies_tenant_id_created_at_id_idx" ON "kavach_budget_policies" ("tenant_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_budget_policies_created_at_id_idx" ON "kavach_budget_policies" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_agent_cards" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "agent_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "name" VARCHAR(255) COLLATE "C" NOT NULL,
    "description" VARCHAR(4000) COLLATE "C",
    "version" VARCHAR(64) COLLATE "C" NOT NULL,
    "protocols" JSONB NOT NULL,
    "capabilities" JSONB NOT NULL,
    "auth_requirements" JSONB NOT NULL,
    "endpoint" VARCHAR(640) COLLATE "C",
    "metadata" JSONB,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_agent_cards_agent_id_created_at_id_idx" ON "kavach_agent_cards" ("agent_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_agent_cards_created_at_id_idx" ON "kavach_agent_cards" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_agent_dids" (
    "agent_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "did" VARCHAR(640) COLLATE "C" NOT NULL,
    "method" VARCHAR(32) COLLATE "C" NOT NULL,
    "public_key_jwk" TEXT COLLATE "C" NOT NULL,
    "did_document" TEXT COLLATE "C" NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("agent_id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_agent_dids_did_key" ON "kavach_agent_dids" ("did");

CREATE TABLE IF NOT EXISTS "kavach_cost_events" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "agent_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "tool" VARCHAR(255) COLLATE "C" NOT NULL,
    "input_tokens" BIGINT,
    "output_tokens" BIGINT,
    "cost_micros" BIGINT NOT NULL,
    "currency" VARCHAR(8) COLLATE "C" NOT NULL DEFAULT 'USD',
    "metadata" JSONB,
    "delegation_chain_id" VARCHAR(255) COLLATE "C",
    "recorded_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_cost_events_agent_id_recorded_at_id_idx" ON "kavach_cost_events" ("agent_id", "recorded_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_cost_events_delegation_chain_id_recorded_at_id_idx" ON "kavach_cost_events" ("delegation_chain_id", "recorded_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_cost_events_recorded_at_id_idx" ON "kavach_cost_events" ("recorded_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_ephemeral_sessions" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "agent_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "owner_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "token_hash" VARCHAR(255) COLLATE "C" NOT NULL,
    "expires_at" BIGINT NOT NULL,
    "max_actions" BIGINT,
    "actions_used" BIGINT NOT NULL DEFAULT 0,
    "status" VARCHAR(32) COLLATE "C" NOT NULL DEFAULT 'active',
    "audit_group_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_ephemeral_sessions_token_hash_key" ON "kavach_ephemeral_sessions" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_ephemeral_sessions_agent_id_created_at_id_idx" ON "kavach_ephemeral_sessions" ("agent_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_ephemeral_sessions_owner_id_created_at_id_idx" ON "kavach_ephemeral_sessions" ("owner_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_ephemeral_sessions_expires_at_idx" ON "kavach_ephemeral_sessions" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_mcp_servers" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "name" VARCHAR(255) COLLATE "C" NOT NULL,
    "endpoint" VARCHAR(640) COLLATE "C" NOT NULL,
    "tools" JSONB NOT NULL,
    "auth_required" BOOLEAN NOT NULL DEFAULT TRUE,
    "rate_limit_rpm" BIGINT,
    "status" VARCHAR(32) COLLATE "C" NOT NULL DEFAULT 'active',
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_mcp_servers_endpoint_key" ON "kavach_mcp_servers" ("endpoint");
CREATE INDEX IF NOT EXISTS "kavach_mcp_servers_status_created_at_id_idx" ON "kavach_mcp_servers" ("status", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_mcp_servers_created_at_id_idx" ON "kavach_mcp_servers" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_oauth_clients" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "client_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "client_secret" VARCHAR(512) COLLATE "C",
    "client_name" VARCHAR(255) COLLATE "C",
    "client_uri" VARCHAR(2048) COLLATE "C",
    "redirect_uris" JSONB NOT NULL,
    "grant_types" JSONB NOT NULL,
    "response_types" JSONB NOT NULL,
    "token_endpoint_auth_method" VARCHAR(64) COLLATE "C" NOT NULL DEFAULT 'client_secret_basic',
    "type" VARCHAR(32) COLLATE "C" NOT NULL DEFAULT 'confidential',
    "disabled" BOOLEAN NOT NULL DEFAULT FALSE,
    "metadata" JSONB,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_oauth_clients_client_id_key" ON "kavach_oauth_clients" ("client_id");
CREATE INDEX IF NOT EXISTS "kavach_oauth_clients_created_at_id_idx" ON "kavach_oauth_clients" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_oauth_access_tokens" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "access_token" VARCHAR(512) COLLATE "C" NOT NULL,
    "refresh_token" VARCHAR(512) COLLATE "C",
    "client_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "scopes" VARCHAR(2048) COLLATE "C" NOT NULL,
    "resource" VARCHAR(2048) COLLATE "C",
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
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "code" VARCHAR(255) COLLATE "C" NOT NULL,
    "client_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "redirect_uri" VARCHAR(2048) COLLATE "C" NOT NULL,
    "scopes" VARCHAR(2048) COLLATE "C" NOT NULL,
    "code_challenge" VARCHAR(255) COLLATE "C",
    "code_challenge_method" VARCHAR(16) COLLATE "C",
    "resource" VARCHAR(2048) COLLATE "C",
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_oauth_authorization_codes_code_key" ON "kavach_oauth_authorization_codes" ("code");
CREATE INDEX IF NOT EXISTS "kavach_oauth_authorization_codes_user_id_idx" ON "kavach_oauth_authorization_codes" ("user_id");
CREATE INDEX IF NOT EXISTS "kavach_oauth_authorization_codes_expires_at_idx" ON "kavach_oauth_authorization_codes" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_oidc_clients" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "client_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "client_secret_hash" VARCHAR(255) COLLATE "C" NOT NULL,
    "client_name" VARCHAR(255) COLLATE "C" NOT NULL,
    "redirect_uris" JSONB NOT NULL,
    "grant_types" JSONB NOT NULL,
    "response_types" JSONB NOT NULL,
    "scopes" JSONB NOT NULL,
    "token_endpoint_auth_method" VARCHAR(64) COLLATE "C" NOT NULL DEFAULT 'client_secret_post',
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_oidc_clients_client_id_key" ON "kavach_oidc_clients" ("client_id");
CREATE INDEX IF NOT EXISTS "kavach_oidc_clients_created_at_id_idx" ON "kavach_oidc_clients" ("created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_oidc_auth_codes" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "code_hash" VARCHAR(255) COLLATE "C" NOT NULL,
    "client_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "redirect_uri" VARCHAR(2048) COLLATE "C" NOT NULL,
    "scopes" VARCHAR(2048) COLLATE "C" NOT NULL,
    "nonce" VARCHAR(1024) COLLATE "C",
    "code_challenge" VARCHAR(255) COLLATE "C",
    "code_challenge_method" VARCHAR(16) COLLATE "C",
    "used" BOOLEAN NOT NULL DEFAULT FALSE,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_oidc_auth_codes_code_hash_key" ON "kavach_oidc_auth_codes" ("code_hash");
CREATE INDEX IF NOT EXISTS "kavach_oidc_auth_codes_user_id_idx" ON "kavach_oidc_auth_codes" ("user_id");
CREATE INDEX IF NOT EXISTS "kavach_oidc_auth_codes_expires_at_idx" ON "kavach_oidc_auth_codes" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_oidc_refresh_tokens" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "token_hash" VARCHAR(255) COLLATE "C" NOT NULL,
    "client_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "scopes" VARCHAR(2048) COLLATE "C" NOT NULL,
    "revoked" BOOLEAN NOT NULL DEFAULT FALSE,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_oidc_refresh_tokens_token_hash_key" ON "kavach_oidc_refresh_tokens" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_oidc_refresh_tokens_user_id_created_at_id_idx" ON "kavach_oidc_refresh_tokens" ("user_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_oidc_refresh_tokens_client_id_created_at_id_idx" ON "kavach_oidc_refresh_tokens" ("client_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_oidc_refresh_tokens_expires_at_idx" ON "kavach_oidc_refresh_tokens" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_api_keys" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "name" VARCHAR(255) COLLATE "C" NOT NULL,
    "key_hash" VARCHAR(255) COLLATE "C" NOT NULL,
    "key_prefix" VARCHAR(32) COLLATE "C" NOT NULL,
    "permissions" JSONB NOT NULL,
    "expires_at" BIGINT,
    "last_used_at" BIGINT,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_api_keys_key_hash_key" ON "kavach_api_keys" ("key_hash");
CREATE INDEX IF NOT EXISTS "kavach_api_keys_user_id_created_at_id_idx" ON "kavach_api_keys" ("user_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_api_keys_expires_at_idx" ON "kavach_api_keys" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_service_tokens" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "name" VARCHAR(255) COLLATE "C" NOT NULL,
    "token_hash" VARCHAR(255) COLLATE "C" NOT NULL,
    "token_prefix" VARCHAR(32) COLLATE "C" NOT NULL,
    "scopes" JSONB NOT NULL,
    "tenant_id" VARCHAR(255) COLLATE "C",
    "expires_at" BIGINT,
    "last_used_at" BIGINT,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_service_tokens_token_hash_key" ON "kavach_service_tokens" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_service_tokens_created_at_id_idx" ON "kavach_service_tokens" ("created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_service_tokens_expires_at_idx" ON "kavach_service_tokens" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_passwords" (
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "password_hash" VARCHAR(255) COLLATE "C" NOT NULL,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("user_id")
);

CREATE TABLE IF NOT EXISTS "kavach_magic_links" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "email" VARCHAR(320) COLLATE "C" NOT NULL,
    "token" VARCHAR(255) COLLATE "C" NOT NULL,
    "expires_at" BIGINT NOT NULL,
    "used" BOOLEAN NOT NULL DEFAULT FALSE,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_magic_links_token_key" ON "kavach_magic_links" ("token");
CREATE INDEX IF NOT EXISTS "kavach_magic_links_email_created_at_id_idx" ON "kavach_magic_links" ("email", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_magic_links_expires_at_idx" ON "kavach_magic_links" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_email_otps" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "email" VARCHAR(320) COLLATE "C" NOT NULL,
    "code_hash" VARCHAR(255) COLLATE "C" NOT NULL,
    "expires_at" BIGINT NOT NULL,
    "attempts" BIGINT NOT NULL DEFAULT 0,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_email_otps_email_created_at_id_idx" ON "kavach_email_otps" ("email", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_email_otps_expires_at_idx" ON "kavach_email_otps" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_totp" (
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "secret" VARCHAR(512) COLLATE "C" NOT NULL,
    "enabled" BOOLEAN NOT NULL DEFAULT FALSE,
    "backup_codes" JSONB NOT NULL,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("user_id")
);

CREATE TABLE IF NOT EXISTS "kavach_passkey_credentials" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "credential_id" VARCHAR(512) COLLATE "C" NOT NULL,
    "public_key" TEXT COLLATE "C" NOT NULL,
    "counter" BIGINT NOT NULL DEFAULT 0,
    "device_name" VARCHAR(255) COLLATE "C",
    "transports" VARCHAR(255) COLLATE "C",
    "created_at" BIGINT NOT NULL,
    "last_used_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_passkey_credentials_credential_id_key" ON "kavach_passkey_credentials" ("credential_id");
CREATE INDEX IF NOT EXISTS "kavach_passkey_credentials_user_id_created_at_id_idx" ON "kavach_passkey_credentials" ("user_id", "created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_passkey_challenges" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "challenge" VARCHAR(512) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C",
    "type" VARCHAR(32) COLLATE "C" NOT NULL,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_passkey_challenges_challenge_key" ON "kavach_passkey_challenges" ("challenge");
CREATE INDEX IF NOT EXISTS "kavach_passkey_challenges_user_id_idx" ON "kavach_passkey_challenges" ("user_id");
CREATE INDEX IF NOT EXISTS "kavach_passkey_challenges_expires_at_idx" ON "kavach_passkey_challenges" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_username_accounts" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "username" VARCHAR(255) COLLATE "C" NOT NULL,
    "password_hash" VARCHAR(512) COLLATE "C" NOT NULL,
    "created_at" BIGINT NOT NULL,
    "updated_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_username_accounts_username_key" ON "kavach_username_accounts" ("username");
CREATE INDEX IF NOT EXISTS "kavach_username_accounts_user_id_created_at_id_idx" ON "kavach_username_accounts" ("user_id", "created_at", "id");

CREATE TABLE IF NOT EXISTS "kavach_phone_verifications" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "phone_number" VARCHAR(32) COLLATE "C" NOT NULL,
    "code_hash" VARCHAR(255) COLLATE "C" NOT NULL,
    "attempts" BIGINT NOT NULL DEFAULT 0,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_phone_verifications_phone_number_created_at_id_idx" ON "kavach_phone_verifications" ("phone_number", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_phone_verifications_expires_at_idx" ON "kavach_phone_verifications" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_trusted_devices" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "fingerprint" VARCHAR(255) COLLATE "C" NOT NULL,
    "label" VARCHAR(255) COLLATE "C" NOT NULL,
    "trusted_at" BIGINT NOT NULL,
    "expires_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_trusted_devices_user_id_fingerprint_key" ON "kavach_trusted_devices" ("user_id", "fingerprint");
CREATE INDEX IF NOT EXISTS "kavach_trusted_devices_user_id_trusted_at_id_idx" ON "kavach_trusted_devices" ("user_id", "trusted_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_trusted_devices_expires_at_idx" ON "kavach_trusted_devices" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_one_time_tokens" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "token_hash" VARCHAR(255) COLLATE "C" NOT NULL,
    "purpose" VARCHAR(64) COLLATE "C" NOT NULL,
    "identifier" VARCHAR(320) COLLATE "C" NOT NULL,
    "metadata" JSONB,
    "used" BOOLEAN NOT NULL DEFAULT FALSE,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_one_time_tokens_token_hash_key" ON "kavach_one_time_tokens" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_one_time_tokens_identifier_purpose_created_at_id_idx" ON "kavach_one_time_tokens" ("identifier", "purpose", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_one_time_tokens_expires_at_idx" ON "kavach_one_time_tokens" ("expires_at");

CREATE TABLE IF NOT EXISTS "kavach_login_history" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "method" VARCHAR(64) COLLATE "C" NOT NULL,
    "ip" VARCHAR(64) COLLATE "C",
    "user_agent" VARCHAR(1024) COLLATE "C",
    "timestamp" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE INDEX IF NOT EXISTS "kavach_login_history_user_id_timestamp_id_idx" ON "kavach_login_history" ("user_id", "timestamp", "id");

CREATE TABLE IF NOT EXISTS "kavach_jwt_refresh_tokens" (
    "id" VARCHAR(255) COLLATE "C" NOT NULL,
    "token_hash" VARCHAR(255) COLLATE "C" NOT NULL,
    "user_id" VARCHAR(255) COLLATE "C" NOT NULL,
    "used" BOOLEAN NOT NULL DEFAULT FALSE,
    "expires_at" BIGINT NOT NULL,
    "created_at" BIGINT NOT NULL,
    PRIMARY KEY ("id")
);
CREATE UNIQUE INDEX IF NOT EXISTS "kavach_jwt_refresh_tokens_token_hash_key" ON "kavach_jwt_refresh_tokens" ("token_hash");
CREATE INDEX IF NOT EXISTS "kavach_jwt_refresh_tokens_user_id_created_at_id_idx" ON "kavach_jwt_refresh_tokens" ("user_id", "created_at", "id");
CREATE INDEX IF NOT EXISTS "kavach_jwt_refresh_tokens_expires_at_idx" ON "kavach_jwt_refresh_tokens" ("expires_at");
