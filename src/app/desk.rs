//! What the configuration says of what stands around tickets: files, webhooks, the desk's name.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::config::{
    self, AutomationConfig, Config, CrmConfig, MailConfig, RetentionConfig, WebhooksConfig,
};
use crate::domain::language::Language;
use crate::engine::rules::{
    AutomationRules, BotReturns, CrmRules, MailRules, Retention, WebhookRules,
};
use crate::http;
use crate::net::guard::Guard;

pub fn desk(config: &Config) -> http::Desk {
    http::Desk {
        name: config.desk.name.clone(),
        color: Some(config.desk.color.clone()).filter(|color| !color.is_empty()),
        capacity: config.automation.capacity,
        zone: config.timezone.clone(),
        max_file: config.attachments.max_size,
        customer_daily: config.attachments.customer_daily,
        mail: outgoing(&config.mail),
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

fn outgoing(config: &MailConfig) -> http::mail::Outgoing {
    let MailRules { sends, channels, links, .. } = mail_rules(config);
    http::mail::Outgoing {
        channels: if sends { channels } else { Vec::new() },
        links: sends && links,
    }
}

pub fn mail_rules(config: &MailConfig) -> MailRules {
    let own = config.sender().map(|sender| sender.address);
    let mut own: Vec<String> = own.into_iter().chain(config.reply_address()).collect();
    own.dedup();
    MailRules {
        sends: config.smtp.is_set() && !own.is_empty(),
        own,
        channels: config.answered(),
        receipts: config.receipts,
        rating: config.rating,
        call_summary: config.call_summary,
        links: !config.portal_link.is_empty(),
        per_hour: config.automatic_per_hour,
    }
}

pub fn automation_rules(config: &AutomationConfig) -> AutomationRules {
    AutomationRules { capacity: config.capacity, urgent_words: config.urgent_words.clone() }
}

pub fn kept(rule: &RetentionConfig) -> Retention {
    Retention { channel: rule.channel, category: rule.category.clone(), days: rule.days }
}

pub fn webhook_rules(config: &WebhooksConfig) -> WebhookRules {
    WebhookRules {
        retry_for: micros(config.retry_for),
        pause_after: micros(config.pause_after),
        max_waiting: u64::from(config.max_waiting),
        keep_log: u64::from(config.keep_log),
    }
}
