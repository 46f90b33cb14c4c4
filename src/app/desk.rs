//! What the configuration says of what stands around tickets: files, webhooks, the desk's name.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::config::{AutomationConfig, Config, RetentionConfig, WebhooksConfig};
use crate::engine::rules::{AutomationRules, Retention, WebhookRules};
use crate::http;
use crate::net::guard::Guard;

pub fn desk(config: &Config) -> http::Desk {
    http::Desk {
        name: config.desk.name.clone(),
        capacity: config.automation.capacity,
        zone: config.timezone.clone(),
        max_file: config.attachments.max_size,
        uploads: Semaphore::new(config.attachments.at_once as usize),
        judge_url: |allowed, url| {
            let judged = Guard::new(allowed.to_vec()).judge_url(url);
            judged.map(|_| ()).map_err(|why| why.to_string())
        },
        allowed: config.webhooks.ranges(),
    }
}

pub fn automation_rules(config: &AutomationConfig) -> AutomationRules {
    AutomationRules { capacity: config.capacity, urgent_words: config.urgent_words.clone() }
}

pub fn kept(rule: &RetentionConfig) -> Retention {
    Retention { channel: rule.channel, category: rule.category.clone(), days: rule.days }
}

pub fn webhook_rules(config: &WebhooksConfig) -> WebhookRules {
    let micros = |d: Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
    WebhookRules {
        retry_for: micros(config.retry_for),
        pause_after: micros(config.pause_after),
        max_waiting: u64::from(config.max_waiting),
        keep_log: u64::from(config.keep_log),
    }
}
