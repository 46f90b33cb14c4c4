//! Configuration: one struct a section, every default in `config/default.toml`, which is also the
//! documentation.
//!
//! Values are layered: embedded defaults, then a file, then the unit's credentials, then
//! `FRONTDESK_SECTION__KEY` variables, then flags. What always holds in a [`Config`]: every key is known,
//! every value is within the limits that `default.toml` states. What does not hold is refused with its key,
//! its source and what would be right.
//!
//! No struct here has a default of its own: a key that is missing in `default.toml` fails to load.

mod agents;
mod auth;
mod automation;
mod backup;
mod bridges;
mod calls;
mod categories;
mod clock;
mod credentials;
mod crm;
mod doors;
mod engine;
mod feed;
mod http;
mod idempotency;
mod ingest;
mod keys;
mod layers;
mod limits;
mod live;
mod log;
mod mail;
mod maintenance;
mod masked;
mod memory;
mod names;
mod network;
mod privacy;
mod problem;
mod public;
mod realtime;
mod search;
mod settings;
mod store;
mod tickets;
mod units;
mod webhooks;
mod whatsapp;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use figment::Figment;
use jiff::tz::TimeZone;
use serde::Deserialize;

pub use agents::AgentsConfig;
pub use auth::AuthConfig;
pub use automation::AutomationConfig;
pub use backup::{BackupConfig, MIN_PASSPHRASE, S3Config};
pub use bridges::{BridgeConfig, BridgeKind};
pub use calls::CallsConfig;
pub use clock::ClockConfig;
pub use crm::CrmConfig;
pub use doors::DoorsConfig;
pub use engine::EngineConfig;
pub use feed::FeedConfig;
pub use http::{HttpConfig, Tls};
pub use idempotency::IdempotencyConfig;
pub use ingest::{IngestConfig, SourceConfig, SourceKind};
pub use layers::{DEFAULT_FILE, Sources};
pub use limits::{AuditConfig, LimitsConfig};
pub use live::LiveConfig;
pub use log::{LogConfig, LogFormat, LogLevel};
pub use mail::{MailConfig, MailServer, MailTls, Sender as MailSender, TagPlace};
pub use maintenance::{MaintenanceConfig, Window};
pub use masked::Masked;
pub use names::NetworkConfig;
pub use network::Network;
pub use privacy::{PrivacyConfig, RetentionConfig};
pub use problem::{ConfigError, Problem};
pub use public::{PortalConfig, PublicConfig};
pub use realtime::{RealtimeConfig, SpeechKind};
pub use search::SearchConfig;
pub use settings::{Setting, settings};
pub use store::{Encryption, StoreConfig};
pub use tickets::{BotReturns, TicketsConfig};
pub use units::{parse_duration, parse_size};
pub use webhooks::{AttachmentsConfig, DeskConfig, Range, WebhooksConfig};
pub use whatsapp::{Groups, WhatsappConfig};

/// Every setting, checked.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub data_dir: PathBuf,
    /// The zone of the dates in ticket references.
    #[serde(deserialize_with = "units::zone")]
    pub timezone: TimeZone,
    /// Bytes that the parts of `memory.rs` share.
    #[serde(deserialize_with = "units::size")]
    pub memory: u64,
    pub http: HttpConfig,
    pub log: LogConfig,
    pub store: StoreConfig,
    pub engine: EngineConfig,
    pub feed: FeedConfig,
    pub live: LiveConfig,
    pub search: SearchConfig,
    pub tickets: TicketsConfig,
    pub agents: AgentsConfig,
    pub crm: CrmConfig,
    pub automation: AutomationConfig,
    pub auth: AuthConfig,
    pub calls: CallsConfig,
    pub whatsapp: WhatsappConfig,
    pub doors: DoorsConfig,
    pub realtime: RealtimeConfig,
    pub ingest: IngestConfig,
    pub public: PublicConfig,
    pub portal: PortalConfig,
    pub limits: LimitsConfig,
    pub audit: AuditConfig,
    pub privacy: PrivacyConfig,
    pub idempotency: IdempotencyConfig,
    pub backup: BackupConfig,
    pub clock: ClockConfig,
    pub network: NetworkConfig,
    pub maintenance: MaintenanceConfig,
    pub webhooks: WebhooksConfig,
    pub attachments: AttachmentsConfig,
    pub desk: DeskConfig,
    pub mail: MailConfig,
}

impl Config {
    /// Layers the sources and checks the result; an error names everything that is wrong. The defaults
    /// alone are `Config::load(&Sources::default())`.
    pub fn load(sources: &Sources) -> Result<Config, ConfigError> {
        Config::layered(sources).map(|(config, _)| config)
    }

    fn layered(sources: &Sources) -> Result<(Config, Figment), ConfigError> {
        let figment = layers::stack(sources)?;
        let config: Config = figment.extract().map_err(layers::refused)?;
        let mut limits = problem::Limits::default();
        config.check(&mut limits);
        if limits.broken.is_empty() {
            return Ok((config, figment));
        }
        let problems = limits.broken.into_iter().map(|(key, text)| Problem {
            origin: layers::origin(&figment, &key),
            key: Some(key),
            text,
        });
        Err(ConfigError { problems: problems.collect() })
    }

    fn check(&self, limits: &mut problem::Limits) {
        if self.data_dir.as_os_str().is_empty() {
            limits.broken("data_dir", "is empty, expected a directory as \"/var/lib/frontdesk\"");
        }
        self.check_memory(limits);
        self.http.check(limits);
        self.store.check(limits);
        self.engine.check(&self.store, limits);
        self.feed.check(&self.store, limits);
        self.live.check(limits);
        self.search.check(limits);
        self.tickets.check(limits);
        self.crm.check(limits);
        self.auth.check(limits);
        self.automation.check(limits);
        self.calls.check(limits);
        self.whatsapp.check(limits);
        self.doors.check(limits);
        self.realtime.check(limits);
        self.ingest.check(limits);
        self.public.check(limits);
        self.portal.check(limits);
        self.limits.check(limits);
        self.audit.check(limits);
        self.privacy.check(limits);
        self.idempotency.check(limits);
        self.backup.check(limits);
        self.clock.check(limits);
        self.network.check(limits);
        self.maintenance.check(limits);
        self.webhooks.check(limits);
        self.attachments.check(limits);
        self.desk.check(limits);
        self.mail.check(limits);
        if self.calls.legacy_listen == Some(self.http.listen) && self.http.listen.port() != 0 {
            limits.broken(
                "calls.legacy_listen",
                format!("{} is http.listen already, expected another port", self.http.listen),
            );
        }
    }
}
