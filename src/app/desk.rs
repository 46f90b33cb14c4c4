//! What the configuration says of what stands around tickets: files, webhooks, the desk's name.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::config::{self, Config, CrmConfig, WebhooksConfig};
use crate::domain::language::Language;
use crate::engine::rules::{BotReturns, CrmRules, WebhookRules};
use crate::http;
use crate::net::guard::Guard;

pub fn desk(config: &Config) -> http::Desk {
    http::Desk {
        name: config.desk.name.clone(),
        color: Some(config.desk.color.clone()).filter(|color| !color.is_empty()),
        zone: config.timezone.clone(),
        max_file: config.attachments.max_size,
        uploads: Semaphore::new(config.attachments.at_once as usize),
        judge_url: |allowed, url| {
            let judged = Guard::new(allowed.to_vec()).judge_url(url);
            judged.map(|_| ()).map_err(|why| why.to_string())
        },
        allowed: config.webhooks.ranges(),
        language: Language::parse(&config.crm.language).unwrap_or(Language::Spanish),
    }
}

pub fn crm_rules(config: &CrmConfig) -> CrmRules {
    CrmRules {
        sla_policy: config.sla_policy.clone(),
        needs_subcategory: config.subcategory_required.clone(),
    }
}

pub fn bot_returns(configured: config::BotReturns) -> BotReturns {
    match configured {
        config::BotReturns::AtClose => BotReturns::AtClose,
        config::BotReturns::After(wait) => BotReturns::After(micros(wait)),
    }
}

fn micros(d: Duration) -> i64 {
    i64::try_from(d.as_micros()).unwrap_or(i64::MAX)
}

pub fn webhook_rules(config: &WebhooksConfig) -> WebhookRules {
    WebhookRules {
        retry_for: micros(config.retry_for),
        pause_after: micros(config.pause_after),
        max_waiting: u64::from(config.max_waiting),
        keep_log: u64::from(config.keep_log),
    }
}
