-- Generated from kavach_schema.tables by tools/generate.py for mariadb: do not edit.

CREATE TABLE IF NOT EXISTS `kavach_users` (
    `id` VARCHAR(255) NOT NULL,
    `email` VARCHAR(320) NOT NULL,
    `name` VARCHAR(255),
    `username` VARCHAR(255),
    `external_id` VARCHAR(255),
    `external_provider` VARCHAR(255),
    `metadata` JSON,
    `banned` BOOLEAN NOT NULL DEFAULT 0,
    `ban_reason` VARCHAR(1024),
    `ban_expires_at` BIGINT,
    `force_password_reset` BOOLEAN NOT NULL DEFAULT 0,
    `stripe_customer_id` VARCHAR(255),
    `stripe_subscription_id` VARCHAR(255),
    `stripe_subscription_status` VARCHAR(255),
    `stripe_price_id` VARCHAR(255),
    `stripe_current_period_end` BIGINT,
    `stripe_cancel_at_period_end` BOOLEAN NOT NULL DEFAULT 0,
    `polar_customer_id` VARCHAR(255),
    `polar_subscription_id` VARCHAR(255),
    `polar_subscription_status` VARCHAR(255),
    `polar_product_id` VARCHAR(255),
    `polar_current_period_end` BIGINT,
    `polar_cancel_at_period_end` BOOLEAN NOT NULL DEFAULT 0,
    `created_at` BIGINT NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_users_email_key` (`email`),
    UNIQUE KEY `kavach_users_username_key` (`username`),
    UNIQUE KEY `kavach_users_stripe_customer_id_key` (`stripe_customer_id`),
    UNIQUE KEY `kavach_users_polar_customer_id_key` (`polar_customer_id`),
    KEY `kavach_users_external_id_external_provider_idx` (`external_id`, `external_provider`),
    KEY `kavach_users_created_at_id_idx` (`created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_tenants` (
    `id` VARCHAR(255) NOT NULL,
    `name` VARCHAR(255) NOT NULL,
    `slug` VARCHAR(255) NOT NULL,
    `settings` JSON,
    `status` VARCHAR(32) NOT NULL DEFAULT 'active',
    `created_at` BIGINT NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_tenants_slug_key` (`slug`),
    KEY `kavach_tenants_created_at_id_idx` (`created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_sessions` (
    `id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `token_hash` VARCHAR(255),
    `expires_at` BIGINT NOT NULL,
    `metadata` JSON,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_sessions_token_hash_key` (`token_hash`),
    KEY `kavach_sessions_user_id_created_at_id_idx` (`user_id`, `created_at`, `id`),
    KEY `kavach_sessions_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_organizations` (
    `id` VARCHAR(255) NOT NULL,
    `name` VARCHAR(255) NOT NULL,
    `slug` VARCHAR(255) NOT NULL,
    `owner_id` VARCHAR(255) NOT NULL,
    `metadata` JSON,
    `created_at` BIGINT NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_organizations_slug_key` (`slug`),
    KEY `kavach_organizations_owner_id_created_at_id_idx` (`owner_id`, `created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_org_members` (
    `id` VARCHAR(255) NOT NULL,
    `org_id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `role` VARCHAR(64) NOT NULL DEFAULT 'member',
    `joined_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_org_members_org_id_user_id_key` (`org_id`, `user_id`),
    KEY `kavach_org_members_org_id_joined_at_id_idx` (`org_id`, `joined_at`, `id`),
    KEY `kavach_org_members_user_id_joined_at_id_idx` (`user_id`, `joined_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_org_invitations` (
    `id` VARCHAR(255) NOT NULL,
    `org_id` VARCHAR(255) NOT NULL,
    `email` VARCHAR(320) NOT NULL,
    `role` VARCHAR(64) NOT NULL DEFAULT 'member',
    `invited_by` VARCHAR(255) NOT NULL,
    `status` VARCHAR(32) NOT NULL DEFAULT 'pending',
    `expires_at` BIGINT NOT NULL,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    KEY `kavach_org_invitations_org_id_created_at_id_idx` (`org_id`, `created_at`, `id`),
    KEY `kavach_org_invitations_email_created_at_id_idx` (`email`, `created_at`, `id`),
    KEY `kavach_org_invitations_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_org_roles` (
    `id` VARCHAR(255) NOT NULL,
    `org_id` VARCHAR(255) NOT NULL,
    `name` VARCHAR(64) NOT NULL,
    `permissions` JSON NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_org_roles_org_id_name_key` (`org_id`, `name`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_sso_connections` (
    `id` VARCHAR(255) NOT NULL,
    `org_id` VARCHAR(255) NOT NULL,
    `provider_id` VARCHAR(255) NOT NULL,
    `type` VARCHAR(32) NOT NULL,
    `domain` VARCHAR(255) NOT NULL,
    `enabled` BOOLEAN NOT NULL DEFAULT 1,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_sso_connections_domain_key` (`domain`),
    KEY `kavach_sso_connections_org_id_created_at_id_idx` (`org_id`, `created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_agents` (
    `id` VARCHAR(255) NOT NULL,
    `owner_id` VARCHAR(255) NOT NULL,
    `tenant_id` VARCHAR(255),
    `name` VARCHAR(255) NOT NULL,
    `type` VARCHAR(32) NOT NULL,
    `status` VARCHAR(32) NOT NULL DEFAULT 'active',
    `token_hash` VARCHAR(255) NOT NULL,
    `token_prefix` VARCHAR(32) NOT NULL,
    `expires_at` BIGINT,
    `last_active_at` BIGINT,
    `metadata` JSON,
    `created_at` BIGINT NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_agents_token_hash_key` (`token_hash`),
    KEY `kavach_agents_owner_id_created_at_id_idx` (`owner_id`, `created_at`, `id`),
    KEY `kavach_agents_tenant_id_created_at_id_idx` (`tenant_id`, `created_at`, `id`),
    KEY `kavach_agents_status_created_at_id_idx` (`status`, `created_at`, `id`),
    KEY `kavach_agents_created_at_id_idx` (`created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_permissions` (
    `id` VARCHAR(255) NOT NULL,
    `agent_id` VARCHAR(255) NOT NULL,
    `resource` VARCHAR(1024) NOT NULL,
    `actions` JSON NOT NULL,
    `constraints` JSON,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    KEY `kavach_permissions_agent_id_created_at_id_idx` (`agent_id`, `created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_delegation_chains` (
    `id` VARCHAR(255) NOT NULL,
    `from_agent_id` VARCHAR(255) NOT NULL,
    `to_agent_id` VARCHAR(255) NOT NULL,
    `parent_chain_id` VARCHAR(255),
    `permissions` JSON NOT NULL,
    `depth` BIGINT NOT NULL DEFAULT 1,
    `max_depth` BIGINT NOT NULL DEFAULT 3,
    `status` VARCHAR(32) NOT NULL DEFAULT 'active',
    `expires_at` BIGINT NOT NULL,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    KEY `kavach_delegation_chains_from_agent_id_created_at_id_idx` (`from_agent_id`, `created_at`, `id`),
    KEY `kavach_delegation_chains_to_agent_id_created_at_id_idx` (`to_agent_id`, `created_at`, `id`),
    KEY `kavach_delegation_chains_parent_chain_id_created_at_id_idx` (`parent_chain_id`, `created_at`, `id`),
    KEY `kavach_delegation_chains_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_audit_logs` (
    `id` VARCHAR(255) NOT NULL,
    `agent_id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `action` VARCHAR(255) NOT NULL,
    `resource` VARCHAR(1024) NOT NULL,
    `parameters` JSON,
    `result` VARCHAR(32) NOT NULL,
    `code` VARCHAR(64),
    `reason` VARCHAR(1024),
    `constraints` JSON,
    `delegation_chain` JSON,
    `duration_ms` BIGINT NOT NULL,
    `duration_us` BIGINT,
    `tokens_cost` BIGINT,
    `ip` VARCHAR(64),
    `user_agent` VARCHAR(1024),
    `timestamp` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    KEY `kavach_audit_logs_agent_id_timestamp_id_idx` (`agent_id`, `timestamp`, `id`),
    KEY `kavach_audit_logs_user_id_timestamp_id_idx` (`user_id`, `timestamp`, `id`),
    KEY `kavach_audit_logs_timestamp_id_idx` (`timestamp`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_audit_seals` (
    `id` VARCHAR(255) NOT NULL,
    `number` BIGINT NOT NULL,
    `leaves` JSON NOT NULL,
    `row_count` BIGINT NOT NULL,
    `root` VARCHAR(64) NOT NULL,
    `last_timestamp` BIGINT,
    `last_id` VARCHAR(255),
    `removed_before` BIGINT,
    `previous` VARCHAR(64) NOT NULL,
    `hash` VARCHAR(64) NOT NULL,
    `sealed_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    KEY `kavach_audit_seals_number_id_idx` (`number`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_audit_streams` (
    `id` VARCHAR(255) NOT NULL,
    `last_timestamp` BIGINT NOT NULL,
    `last_id` VARCHAR(255) NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_audit_holds` (
    `id` VARCHAR(255) NOT NULL,
    `agent_id` VARCHAR(255),
    `user_id` VARCHAR(255),
    `reason` VARCHAR(1024) NOT NULL,
    `status` VARCHAR(32) NOT NULL DEFAULT 'active',
    `placed_by` VARCHAR(255) NOT NULL,
    `created_at` BIGINT NOT NULL,
    `lifted_by` VARCHAR(255),
    `lifted_at` BIGINT,
    PRIMARY KEY (`id`),
    KEY `kavach_audit_holds_status_created_at_id_idx` (`status`, `created_at`, `id`),
    KEY `kavach_audit_holds_created_at_id_idx` (`created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_rate_limits` (
    `id` VARCHAR(255) NOT NULL,
    `agent_id` VARCHAR(255) NOT NULL,
    `resource` VARCHAR(400) NOT NULL,
    `window_start` BIGINT NOT NULL,
    `count` BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_rate_limits_agent_id_resource_window_start_key` (`agent_id`, `resource`, `window_start`),
    KEY `kavach_rate_limits_window_start_idx` (`window_start`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_counters` (
    `id` VARCHAR(255) NOT NULL,
    `subject` VARCHAR(400) NOT NULL,
    `window_start` BIGINT NOT NULL,
    `count` BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_counters_subject_window_start_key` (`subject`, `window_start`),
    KEY `kavach_counters_window_start_idx` (`window_start`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_approval_requests` (
    `id` VARCHAR(255) NOT NULL,
    `agent_id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `action` VARCHAR(255) NOT NULL,
    `resource` VARCHAR(1024) NOT NULL,
    `arguments` JSON,
    `status` VARCHAR(32) NOT NULL DEFAULT 'pending',
    `expires_at` BIGINT NOT NULL,
    `responded_at` BIGINT,
    `responded_by` VARCHAR(255),
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    KEY `kavach_approval_requests_agent_id_status_created_at_id_idx` (`agent_id`, `status`, `created_at`, `id`),
    KEY `kavach_approval_requests_user_id_status_created_at_id_idx` (`user_id`, `status`, `created_at`, `id`),
    KEY `kavach_approval_requests_status_created_at_id_idx` (`status`, `created_at`, `id`),
    KEY `kavach_approval_requests_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_trust_scores` (
    `agent_id` VARCHAR(255) NOT NULL,
    `score` BIGINT NOT NULL,
    `level` VARCHAR(32) NOT NULL,
    `factors` JSON NOT NULL,
    `computed_at` BIGINT NOT NULL,
    PRIMARY KEY (`agent_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_budget_policies` (
    `id` VARCHAR(255) NOT NULL,
    `agent_id` VARCHAR(255),
    `user_id` VARCHAR(255),
    `tenant_id` VARCHAR(255),
    `limits` JSON NOT NULL,
    `current_usage` JSON NOT NULL,
    `action` VARCHAR(32) NOT NULL DEFAULT 'warn',
    `status` VARCHAR(32) NOT NULL DEFAULT 'active',
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    KEY `kavach_budget_policies_agent_id_created_at_id_idx` (`agent_id`, `created_at`, `id`),
    KEY `kavach_budget_policies_user_id_created_at_id_idx` (`user_id`, `created_at`, `id`),
    KEY `kavach_budget_policies_tenant_id_created_at_id_idx` (`tenant_id`, `created_at`, `id`),
    KEY `kavach_budget_policies_created_at_id_idx` (`created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_agent_cards` (
    `id` VARCHAR(255) NOT NULL,
    `agent_id` VARCHAR(255) NOT NULL,
    `name` VARCHAR(255) NOT NULL,
    `description` VARCHAR(4000),
    `version` VARCHAR(64) NOT NULL,
    `protocols` JSON NOT NULL,
    `capabilities` JSON NOT NULL,
    `auth_requirements` JSON NOT NULL,
    `endpoint` VARCHAR(640),
    `metadata` JSON,
    `created_at` BIGINT NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    KEY `kavach_agent_cards_agent_id_created_at_id_idx` (`agent_id`, `created_at`, `id`),
    KEY `kavach_agent_cards_created_at_id_idx` (`created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_agent_dids` (
    `agent_id` VARCHAR(255) NOT NULL,
    `did` VARCHAR(640) NOT NULL,
    `method` VARCHAR(32) NOT NULL,
    `public_key_jwk` LONGTEXT NOT NULL,
    `did_document` LONGTEXT NOT NULL,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`agent_id`),
    UNIQUE KEY `kavach_agent_dids_did_key` (`did`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_cost_events` (
    `id` VARCHAR(255) NOT NULL,
    `agent_id` VARCHAR(255) NOT NULL,
    `tool` VARCHAR(255) NOT NULL,
    `input_tokens` BIGINT,
    `output_tokens` BIGINT,
    `cost_micros` BIGINT NOT NULL,
    `currency` VARCHAR(8) NOT NULL DEFAULT 'USD',
    `metadata` JSON,
    `delegation_chain_id` VARCHAR(255),
    `recorded_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    KEY `kavach_cost_events_agent_id_recorded_at_id_idx` (`agent_id`, `recorded_at`, `id`),
    KEY `kavach_cost_events_delegation_chain_id_recorded_at_id_idx` (`delegation_chain_id`, `recorded_at`, `id`),
    KEY `kavach_cost_events_recorded_at_id_idx` (`recorded_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_ephemeral_sessions` (
    `id` VARCHAR(255) NOT NULL,
    `agent_id` VARCHAR(255) NOT NULL,
    `owner_id` VARCHAR(255) NOT NULL,
    `token_hash` VARCHAR(255) NOT NULL,
    `expires_at` BIGINT NOT NULL,
    `max_actions` BIGINT,
    `actions_used` BIGINT NOT NULL DEFAULT 0,
    `status` VARCHAR(32) NOT NULL DEFAULT 'active',
    `audit_group_id` VARCHAR(255) NOT NULL,
    `created_at` BIGINT NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_ephemeral_sessions_token_hash_key` (`token_hash`),
    KEY `kavach_ephemeral_sessions_agent_id_created_at_id_idx` (`agent_id`, `created_at`, `id`),
    KEY `kavach_ephemeral_sessions_owner_id_created_at_id_idx` (`owner_id`, `created_at`, `id`),
    KEY `kavach_ephemeral_sessions_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_mcp_servers` (
    `id` VARCHAR(255) NOT NULL,
    `name` VARCHAR(255) NOT NULL,
    `endpoint` VARCHAR(640) NOT NULL,
    `tools` JSON NOT NULL,
    `auth_required` BOOLEAN NOT NULL DEFAULT 1,
    `rate_limit_rpm` BIGINT,
    `status` VARCHAR(32) NOT NULL DEFAULT 'active',
    `created_at` BIGINT NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_mcp_servers_endpoint_key` (`endpoint`),
    KEY `kavach_mcp_servers_status_created_at_id_idx` (`status`, `created_at`, `id`),
    KEY `kavach_mcp_servers_created_at_id_idx` (`created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_oauth_clients` (
    `id` VARCHAR(255) NOT NULL,
    `client_id` VARCHAR(255) NOT NULL,
    `client_secret` VARCHAR(512),
    `client_name` VARCHAR(255),
    `client_uri` VARCHAR(2048),
    `redirect_uris` JSON NOT NULL,
    `grant_types` JSON NOT NULL,
    `response_types` JSON NOT NULL,
    `token_endpoint_auth_method` VARCHAR(64) NOT NULL DEFAULT 'client_secret_basic',
    `type` VARCHAR(32) NOT NULL DEFAULT 'confidential',
    `disabled` BOOLEAN NOT NULL DEFAULT 0,
    `metadata` JSON,
    `created_at` BIGINT NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_oauth_clients_client_id_key` (`client_id`),
    KEY `kavach_oauth_clients_created_at_id_idx` (`created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_oauth_access_tokens` (
    `id` VARCHAR(255) NOT NULL,
    `access_token` VARCHAR(512) NOT NULL,
    `refresh_token` VARCHAR(512),
    `client_id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `scopes` VARCHAR(2048) NOT NULL,
    `resource` VARCHAR(2048),
    `access_token_expires_at` BIGINT NOT NULL,
    `refresh_token_expires_at` BIGINT,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_oauth_access_tokens_access_token_key` (`access_token`),
    UNIQUE KEY `kavach_oauth_access_tokens_refresh_token_key` (`refresh_token`),
    KEY `kavach_oauth_access_tokens_client_id_created_at_id_idx` (`client_id`, `created_at`, `id`),
    KEY `kavach_oauth_access_tokens_user_id_created_at_id_idx` (`user_id`, `created_at`, `id`),
    KEY `kavach_oauth_access_tokens_access_token_expires_at_idx` (`access_token_expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_oauth_authorization_codes` (
    `id` VARCHAR(255) NOT NULL,
    `code` VARCHAR(255) NOT NULL,
    `client_id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `redirect_uri` VARCHAR(2048) NOT NULL,
    `scopes` VARCHAR(2048) NOT NULL,
    `code_challenge` VARCHAR(255),
    `code_challenge_method` VARCHAR(16),
    `resource` VARCHAR(2048),
    `expires_at` BIGINT NOT NULL,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_oauth_authorization_codes_code_key` (`code`),
    KEY `kavach_oauth_authorization_codes_user_id_idx` (`user_id`),
    KEY `kavach_oauth_authorization_codes_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_oidc_clients` (
    `id` VARCHAR(255) NOT NULL,
    `client_id` VARCHAR(255) NOT NULL,
    `client_secret_hash` VARCHAR(255) NOT NULL,
    `client_name` VARCHAR(255) NOT NULL,
    `redirect_uris` JSON NOT NULL,
    `grant_types` JSON NOT NULL,
    `response_types` JSON NOT NULL,
    `scopes` JSON NOT NULL,
    `token_endpoint_auth_method` VARCHAR(64) NOT NULL DEFAULT 'client_secret_post',
    `created_at` BIGINT NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_oidc_clients_client_id_key` (`client_id`),
    KEY `kavach_oidc_clients_created_at_id_idx` (`created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_oidc_auth_codes` (
    `id` VARCHAR(255) NOT NULL,
    `code_hash` VARCHAR(255) NOT NULL,
    `client_id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `redirect_uri` VARCHAR(2048) NOT NULL,
    `scopes` VARCHAR(2048) NOT NULL,
    `nonce` VARCHAR(1024),
    `code_challenge` VARCHAR(255),
    `code_challenge_method` VARCHAR(16),
    `used` BOOLEAN NOT NULL DEFAULT 0,
    `expires_at` BIGINT NOT NULL,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_oidc_auth_codes_code_hash_key` (`code_hash`),
    KEY `kavach_oidc_auth_codes_user_id_idx` (`user_id`),
    KEY `kavach_oidc_auth_codes_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_oidc_refresh_tokens` (
    `id` VARCHAR(255) NOT NULL,
    `token_hash` VARCHAR(255) NOT NULL,
    `client_id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `scopes` VARCHAR(2048) NOT NULL,
    `revoked` BOOLEAN NOT NULL DEFAULT 0,
    `expires_at` BIGINT NOT NULL,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_oidc_refresh_tokens_token_hash_key` (`token_hash`),
    KEY `kavach_oidc_refresh_tokens_user_id_created_at_id_idx` (`user_id`, `created_at`, `id`),
    KEY `kavach_oidc_refresh_tokens_client_id_created_at_id_idx` (`client_id`, `created_at`, `id`),
    KEY `kavach_oidc_refresh_tokens_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_api_keys` (
    `id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `name` VARCHAR(255) NOT NULL,
    `key_hash` VARCHAR(255) NOT NULL,
    `key_prefix` VARCHAR(32) NOT NULL,
    `permissions` JSON NOT NULL,
    `expires_at` BIGINT,
    `last_used_at` BIGINT,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_api_keys_key_hash_key` (`key_hash`),
    KEY `kavach_api_keys_user_id_created_at_id_idx` (`user_id`, `created_at`, `id`),
    KEY `kavach_api_keys_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_service_tokens` (
    `id` VARCHAR(255) NOT NULL,
    `name` VARCHAR(255) NOT NULL,
    `token_hash` VARCHAR(255) NOT NULL,
    `token_prefix` VARCHAR(32) NOT NULL,
    `scopes` JSON NOT NULL,
    `tenant_id` VARCHAR(255),
    `expires_at` BIGINT,
    `last_used_at` BIGINT,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_service_tokens_token_hash_key` (`token_hash`),
    KEY `kavach_service_tokens_created_at_id_idx` (`created_at`, `id`),
    KEY `kavach_service_tokens_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_passwords` (
    `user_id` VARCHAR(255) NOT NULL,
    `password_hash` VARCHAR(255) NOT NULL,
    `created_at` BIGINT NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`user_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_magic_links` (
    `id` VARCHAR(255) NOT NULL,
    `email` VARCHAR(320) NOT NULL,
    `token` VARCHAR(255) NOT NULL,
    `expires_at` BIGINT NOT NULL,
    `used` BOOLEAN NOT NULL DEFAULT 0,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_magic_links_token_key` (`token`),
    KEY `kavach_magic_links_email_created_at_id_idx` (`email`, `created_at`, `id`),
    KEY `kavach_magic_links_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_email_otps` (
    `id` VARCHAR(255) NOT NULL,
    `email` VARCHAR(320) NOT NULL,
    `code_hash` VARCHAR(255) NOT NULL,
    `expires_at` BIGINT NOT NULL,
    `attempts` BIGINT NOT NULL DEFAULT 0,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    KEY `kavach_email_otps_email_created_at_id_idx` (`email`, `created_at`, `id`),
    KEY `kavach_email_otps_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_totp` (
    `user_id` VARCHAR(255) NOT NULL,
    `secret` VARCHAR(512) NOT NULL,
    `enabled` BOOLEAN NOT NULL DEFAULT 0,
    `backup_codes` JSON NOT NULL,
    `created_at` BIGINT NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`user_id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_passkey_credentials` (
    `id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `credential_id` VARCHAR(512) NOT NULL,
    `public_key` LONGTEXT NOT NULL,
    `counter` BIGINT NOT NULL DEFAULT 0,
    `device_name` VARCHAR(255),
    `transports` VARCHAR(255),
    `created_at` BIGINT NOT NULL,
    `last_used_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_passkey_credentials_credential_id_key` (`credential_id`),
    KEY `kavach_passkey_credentials_user_id_created_at_id_idx` (`user_id`, `created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_passkey_challenges` (
    `id` VARCHAR(255) NOT NULL,
    `challenge` VARCHAR(512) NOT NULL,
    `user_id` VARCHAR(255),
    `type` VARCHAR(32) NOT NULL,
    `expires_at` BIGINT NOT NULL,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_passkey_challenges_challenge_key` (`challenge`),
    KEY `kavach_passkey_challenges_user_id_idx` (`user_id`),
    KEY `kavach_passkey_challenges_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_username_accounts` (
    `id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `username` VARCHAR(255) NOT NULL,
    `password_hash` VARCHAR(512) NOT NULL,
    `created_at` BIGINT NOT NULL,
    `updated_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_username_accounts_username_key` (`username`),
    KEY `kavach_username_accounts_user_id_created_at_id_idx` (`user_id`, `created_at`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_phone_verifications` (
    `id` VARCHAR(255) NOT NULL,
    `phone_number` VARCHAR(32) NOT NULL,
    `code_hash` VARCHAR(255) NOT NULL,
    `attempts` BIGINT NOT NULL DEFAULT 0,
    `expires_at` BIGINT NOT NULL,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    KEY `kavach_phone_verifications_phone_number_created_at_id_idx` (`phone_number`, `created_at`, `id`),
    KEY `kavach_phone_verifications_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_trusted_devices` (
    `id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `fingerprint` VARCHAR(255) NOT NULL,
    `label` VARCHAR(255) NOT NULL,
    `trusted_at` BIGINT NOT NULL,
    `expires_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_trusted_devices_user_id_fingerprint_key` (`user_id`, `fingerprint`),
    KEY `kavach_trusted_devices_user_id_trusted_at_id_idx` (`user_id`, `trusted_at`, `id`),
    KEY `kavach_trusted_devices_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_one_time_tokens` (
    `id` VARCHAR(255) NOT NULL,
    `token_hash` VARCHAR(255) NOT NULL,
    `purpose` VARCHAR(64) NOT NULL,
    `identifier` VARCHAR(320) NOT NULL,
    `metadata` JSON,
    `used` BOOLEAN NOT NULL DEFAULT 0,
    `expires_at` BIGINT NOT NULL,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_one_time_tokens_token_hash_key` (`token_hash`),
    KEY `kavach_one_time_tokens_identifier_purpose_created_at_id_idx` (`identifier`, `purpose`, `created_at`, `id`),
    KEY `kavach_one_time_tokens_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_login_history` (
    `id` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `method` VARCHAR(64) NOT NULL,
    `ip` VARCHAR(64),
    `user_agent` VARCHAR(1024),
    `timestamp` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    KEY `kavach_login_history_user_id_timestamp_id_idx` (`user_id`, `timestamp`, `id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS `kavach_jwt_refresh_tokens` (
    `id` VARCHAR(255) NOT NULL,
    `token_hash` VARCHAR(255) NOT NULL,
    `user_id` VARCHAR(255) NOT NULL,
    `used` BOOLEAN NOT NULL DEFAULT 0,
    `expires_at` BIGINT NOT NULL,
    `created_at` BIGINT NOT NULL,
    PRIMARY KEY (`id`),
    UNIQUE KEY `kavach_jwt_refresh_tokens_token_hash_key` (`token_hash`),
    KEY `kavach_jwt_refresh_tokens_user_id_created_at_id_idx` (`user_id`, `created_at`, `id`),
    KEY `kavach_jwt_refresh_tokens_expires_at_idx` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
