//! The composition root: opens the store, starts engine, workers and listeners, and drains them in order.

pub mod allocator;
mod certificate;
#[cfg(test)]
mod description;
mod desk;
mod error;
mod inherited;
mod owner;
mod people;
pub mod root_key;
mod seed;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch};

use crate::auth::policy;
use crate::config::{Config, Tls};
use crate::domain::categorise::Categoriser;
use crate::domain::redact::Redactor;
use crate::domain::time::Micros;
use crate::engine::clock::MachineClocks;
use crate::engine::command::{Actor, Command, Submission};
use crate::engine::files::Files;
use crate::engine::migrations::MIGRATIONS;
use crate::engine::rules::Rules;
use crate::engine::versions::{self, Ran};
use crate::engine::{self, Engine, Writer};
use crate::http::connections::{self, Connections};
use crate::http::server;
use crate::ingest::sources::{self, Source};
use crate::ingest::{self, Doors, Speech};
use crate::net::resolver;
use crate::net::tls::Certificates;
use crate::store::disk::RealDisk;
use crate::store::keyfile;
use crate::store::{self, Progress, Store, StoreSettings, Upgrade};
use crate::telemetry::metrics::Metrics;
use crate::workers::outbox::{self, Post};
use crate::workers::webhooks;
use crate::{admin, http, workers};

pub use error::AppError;
pub use people::authenticator;

/// Where the daemon listens.
#[derive(Clone, Debug)]
pub struct Bound {
    pub http: SocketAddr,
    /// Listeners that systemd opened; they serve what `http` serves.
    pub inherited: Vec<SocketAddr>,
    pub legacy: Option<SocketAddr>,
    /// Where plain HTTP is sent on to TLS.
    pub redirect: Option<SocketAddr>,
    /// Where the first admin begins, if there is nobody yet.
    pub set_up: Option<String>,
}

/// Who may what, as a table to be read.
pub fn policy() -> String {
    policy::matrix()
}

/// Whether the data directory holds a store.
pub fn has_store(config: &Config) -> bool {
    config.data_dir.join(store::FILE).exists()
}

/// The engine on a data directory that this process holds alone. A store of an older format is refused: the
/// daemon upgrades it.
pub fn open(config: &Config) -> Result<(Engine, Writer), AppError> {
    owner::check(&config.data_dir)?;
    open_store(config, settings(config))
}

/// The same for root on a store that was just restored, and is handed over to its user afterwards.
pub fn open_restored(config: &Config) -> Result<(Engine, Writer), AppError> {
    open_store(config, settings(config))
}

fn open_store(config: &Config, settings: StoreSettings) -> Result<(Engine, Writer), AppError> {
    let at = |path: &Path| path.display().to_string();
    create_private(&config.data_dir).map_err(|e| AppError::Io(at(&config.data_dir), e))?;
    let disk =
        RealDisk::new(&config.data_dir).map_err(|e| AppError::Io(at(&config.data_dir), e))?;
    let mut store = Store::open(Arc::new(disk), settings)?;
    let seal = root_key::unlock(config, &mut store, keyfile::load(&config.data_dir)?)?;
    let files = Files::open(&config.data_dir).map_err(|e| AppError::Io(at(&config.data_dir), e))?;
    let micros = |d: Duration| i64::try_from(d.as_micros()).unwrap_or(i64::MAX);
    let limits = engine::Limits {
        queue: config.engine.queue as usize,
        batch_commands: config.engine.max_batch as usize,
        batch_bytes: usize_of(config.engine.max_batch_bytes),
        seen_window: config.whatsapp.dedup_window as usize,
        refusals_per_minute: config.audit.refusals_per_minute,
        search: engine::search::Settings::within(config.search_memory()),
        shown_tickets: usize_of(config.shown_tickets()),
    };
    let hours = |d: Duration| u32::try_from(d.as_secs().div_ceil(3600)).unwrap_or(u32::MAX);
    let table = config.calls.categories.clone();
    let privacy = &config.privacy;
    let redactor = Redactor::new(privacy.redact, &privacy.patterns);
    let redactor = redactor.map_err(|(pattern, why)| AppError::Pattern(pattern, why))?;
    let rules = Rules {
        zone: config.timezone.clone(),
        call_prefix: config.tickets.call_prefix.clone(),
        default_priority: config.tickets.default_priority,
        reopen_window: micros(config.tickets.reopen_window),
        resume_grace: micros(config.calls.resume_grace),
        idle_end: micros(config.calls.idle_end),
        max_open_calls: u64::from(config.calls.max_open),
        dedup_days: hours(config.whatsapp.dedup_keep).div_ceil(24),
        idempotency_hours: hours(config.idempotency.keep),
        categoriser: Categoriser::new(table, config.calls.fallback_category.clone()),
        intake: Categoriser::new(config.tickets.categories.clone(), String::new()),
        portal_life: i64::from(config.portal.token_days) * Micros::DAY,
        customer_daily: config.attachments.customer_daily,
        outbound: (config.whatsapp.bridges.iter())
            .map(|bridge| (bridge.instance.clone(), bridge.kind.longest_text()))
            .collect(),
        max_outbox: u64::from(config.whatsapp.max_outbox),
        bot_returns: desk::bot_returns(config.tickets.bot_returns_after),
        webhooks: desk::webhook_rules(&config.webhooks),
        crm: desk::crm_rules(&config.crm),
        automation: desk::automation_rules(&config.automation),
        audit_keep: micros(config.audit.keep),
        retention: privacy.retention.iter().map(desk::kept).collect(),
        redactor: Arc::new(redactor),
        mail: desk::mail_rules(&config.mail),
    };
    let clocks = Arc::new(MachineClocks::new(config.clock.synchronized_files.clone()));
    Ok(Engine::start(
        (store, files),
        rules,
        seal,
        limits,
        clocks,
        Arc::new(Metrics::of(config.data_dir.clone())),
    )?)
}

fn usize_of(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// The directory of the store, which nobody else may read.
fn create_private(dir: &PathBuf) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

pub fn settings(config: &Config) -> StoreSettings {
    StoreSettings {
        cache_bytes: usize_of(config.cache()),
        segment_bytes: config.store.segment,
        checkpoint_bytes: config.checkpoint_bytes(),
        checkpoint_events: u64::from(config.store.checkpoint_events),
        disk_reserve: config.store.disk_reserve,
        ballast: config.store.ballast,
        feed_keep: i64::try_from(config.feed.keep.as_micros()).unwrap_or(i64::MAX),
        feed_max_bytes: config.feed.max_bytes,
        upgrade: Upgrade { migrations: MIGRATIONS, ..Upgrade::default() },
        ..StoreSettings::default()
    }
}

/// Long work before the daemon is ready: told to the log, and to systemd, which would give up otherwise. The
/// last step of an upgrade is one sync of all that it wrote, for which a slow flash card may need minutes.
fn progress(progress: &Progress<'_>) {
    const PATIENCE: u32 = 600 * 1_000_000;
    let Progress { what, done, total, unit } = *progress;
    tracing::info!(done, total, unit, "upgrading: {what}");
    notify(NotifyState::ExtendTimeoutUsec(PATIENCE));
}

/// Serves until SIGTERM or SIGINT, then drains. `ready` is called once, when requests are answered. The
/// daemon of this process: it takes the listeners that systemd passed.
pub async fn serve(config: &Config, ready: impl FnOnce(Bound)) -> Result<(), AppError> {
    let inherited = inherited::take()?;
    let stop = stop_signal()?;
    let until = |bound| {
        ready(bound);
        stop
    };
    run(config, inherited, until).await
}

/// Serves until the future ends that `until` gives, then drains. `until` is called once, when requests are
/// answered.
pub async fn serve_until<F: Future<Output = ()>>(
    config: &Config,
    until: impl FnOnce(Bound) -> F,
) -> Result<(), AppError> {
    run(config, Vec::new(), until).await
}

async fn run<F: Future<Output = ()>>(
    config: &Config,
    inherited: Vec<(std::net::TcpListener, SocketAddr)>,
    until: impl FnOnce(Bound) -> F,
) -> Result<(), AppError> {
    let (stop, stopping) = watch::channel(false);
    let running = start(config, inherited, stopping).await?;
    let until = until(running.bound.clone());
    notify(NotifyState::Ready);
    until.await;
    notify(NotifyState::Stopping);
    running.drain(&stop).await
}

/// Ends at SIGTERM or SIGINT; from this call on neither ends the process by itself.
pub fn stop_signal() -> Result<impl Future<Output = ()>, AppError> {
    let mut terminate =
        signal(SignalKind::terminate()).map_err(|e| AppError::Io("SIGTERM".into(), e))?;
    let mut interrupt =
        signal(SignalKind::interrupt()).map_err(|e| AppError::Io("SIGINT".into(), e))?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
            _ = interrupt.recv() => tracing::info!("SIGINT: draining"),
        }
    })
}

fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "systemd could not be told");
    }
}

/// Everything that runs, to be drained in order.
struct Running {
    bound: Bound,
    engine: Engine,
    writer: Writer,
    servers: tokio::task::JoinSet<()>,
    workers: tokio::task::JoinSet<()>,
    sources: tokio::task::JoinSet<()>,
    /// Sends replies; ends by itself once it is told to stop.
    post: tokio::task::JoinHandle<()>,
    /// Sends webhooks, and ends likewise.
    hooks: tokio::task::JoinHandle<()>,
    admin: tokio::task::JoinHandle<()>,
    /// Closed when the last running call has been put down.
    calls: mpsc::Receiver<()>,
    drain_timeout: Duration,
    socket: PathBuf,
}

async fn start(
    config: &Config,
    inherited: Vec<(std::net::TcpListener, SocketAddr)>,
    stopping: watch::Receiver<bool>,
) -> Result<Running, AppError> {
    resolver::ask(config.network.servers());
    let post = Post::of(config)?;
    let mailbox = ingest::mail::mailbox::Reader::of(config).map_err(AppError::Mailbox)?;
    let hooks = webhooks::Sender::of(&config.webhooks)?;
    let post_stopping = stopping.clone();
    // First of all, so that a taken address is told before anything is made.
    let (http_listener, http) = bind(config.http.listen).await?;
    let mut listeners = vec![http_listener];
    let mut addresses = Vec::new();
    for (listener, address) in inherited {
        let adopt = |e| AppError::Io(address.to_string(), e);
        listeners.push(TcpListener::from_std(listener).map_err(adopt)?);
        addresses.push(address);
    }
    let legacy = match config.calls.legacy_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let legacy_address = legacy.as_ref().map(|(_, address)| *address);
    let redirect = match config.http.redirect_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };
    let redirect_address = redirect.as_ref().map(|(_, address)| *address);
    check_plaintext(config, &addresses)?;
    let speech = Speech::new(&config.realtime)?;
    let sources = config.ingest.sources.iter();
    let sources: Vec<Source> = sources
        .map(|source| Source::new(source, &config.whatsapp, usize_of(config.calls.max_frame)))
        .collect::<Result<_, _>>()?;
    let mut settings = settings(config);
    (settings.upgrade.allowed, settings.upgrade.progress) = (true, progress);
    owner::check(&config.data_dir)?;
    let format = settings.upgrade.newest();
    let (engine, writer) = open_store(config, settings)?;
    if let Err(error) = versions::note(&config.data_dir, Ran::now(format)) {
        tracing::warn!(%error, "that this version runs could not be noted");
    }
    let certificates = Certificates::open(&config.http, &config.data_dir)?.map(Arc::new);
    let tls = certificates.as_ref().map(|certificates| certificates.server()).transpose()?;
    let authority = certificates.as_ref().and_then(|certificates| certificates.authority());
    if let Some(certificates) = &certificates {
        let sha256 = certificates.fingerprint();
        tracing::info!(sha256, "the certificate that listeners show");
    }
    if let Some((_, sha256)) = &authority {
        tracing::info!(sha256, "the authority of this box, to be trusted by clients: /ca.pem");
    }
    match engine.submit(Submission::new(Actor::System, Command::OrphanCalls)).await {
        Ok(_) => {}
        // Reads go on, and the writer makes up for it before it writes anything else.
        Err(error @ (engine::Error::NoSpace(_) | engine::Error::Unavailable(_))) => {
            tracing::error!(%error, "the store can be read only, for now");
        }
        Err(error) => return Err(error.into()),
    }
    seed::run(&engine, config).await?;
    let auth = people::authenticator(config, http, &engine)?;
    let set_up = people::set_up_link(&engine, &auth).await;
    let bound = Bound {
        http,
        inherited: addresses,
        legacy: legacy_address,
        redirect: redirect_address,
        set_up,
    };
    let socket = config.data_dir.join(admin::SOCKET);
    let listener =
        admin::listen(&socket).map_err(|e| AppError::Io(socket.display().to_string(), e))?;
    let admin = tokio::spawn(admin::serve(listener, engine.clone(), Arc::clone(&auth)).boxed());
    let (busy, calls) = mpsc::channel(1);
    let doors = ingest::Settings {
        max_frame: usize_of(config.calls.max_frame),
        max_body: usize_of(config.http.max_body),
        takeover_probe: config.calls.takeover_probe,
        doors: config.doors.clone(),
        max_open: config.calls.max_open as usize,
        max_backlog: usize_of(config.realtime.max_backlog),
        whatsapp: config.whatsapp.clone(),
        mail: ingest::mail::mailbox::sizes(config),
    };
    let doors = Doors::new(engine.clone(), doors, speech, stopping.clone(), busy);
    let state = http::State::new(http::Parts {
        engine: engine.clone(),
        agents_see_all: config.agents.see_all,
        max_body: usize_of(config.http.max_body),
        door_header: config.doors.header.as_str().into(),
        certificate: certificates.clone().map(|shown| {
            let is_ours = authority.is_some();
            Arc::new(move || certificate::view(&shown, is_ours)) as _
        }),
        authority: authority.map(|(pem, _)| pem.into()),
        data_dir: config.data_dir.as_path().into(),
        live: Arc::new(http::live::Live::new(
            &config.live,
            config.http.request_timeout,
            stopping.clone(),
        )),
        public: Arc::new(http::Public { workspaces: config.public.workspaces.clone() }),
        limits: Arc::new(http::Limits::new(&config.limits, &config.public)),
        origins: config.http.origins.as_slice().into(),
        desk: Arc::new(desk::desk(config)),
        auth,
        tls: tls.is_some(),
        privacy: config.privacy.clone(),
    });
    let connections = connections::Limits {
        connections: config.http.max_connections as usize,
        per_address: config.http.max_connections_per_address as usize,
        header_timeout: config.http.header_timeout,
        idle_timeout: config.http.idle_timeout,
    };
    let metrics = Arc::clone(&engine.shared().metrics);
    let connections = Connections::new(connections, metrics);
    let listening = server::Settings::new(&config.http, Arc::clone(&connections));
    let mut servers = tokio::task::JoinSet::new();
    let router = http::router(state.clone(), doors.router());
    for listener in listeners {
        servers.spawn(
            server::serve(
                listener,
                tls.clone(),
                router.clone(),
                listening.clone(),
                stopping.clone(),
            )
            .boxed(),
        );
    }
    // With the servers' routers the doors go, for which a drain waits.
    drop(router);
    if let Some((listener, _)) = legacy {
        let router = http::legacy_router(state, config.calls.legacy_open);
        servers.spawn(
            server::serve(listener, None, router, listening.clone(), stopping.clone()).boxed(),
        );
    }
    if let Some((listener, _)) = redirect {
        let router = http::secure::redirect(bound.http.port());
        servers.spawn(server::serve(listener, None, router, listening, stopping.clone()).boxed());
    }
    let mut workers = workers::start(&engine, config, certificates);
    workers.spawn(connections.watch().boxed());
    workers.spawn(allocator::run().boxed());
    let mut sources = sources::start(sources, &engine, &stopping);
    if let Some(mailbox) = mailbox {
        mailbox.start(&mut sources, &engine, &stopping);
    }
    let hooks = tokio::spawn(webhooks::run(engine.clone(), hooks, post_stopping.clone()).boxed());
    let post = tokio::spawn(outbox::run(engine.clone(), post, post_stopping).boxed());
    let drain_timeout = config.http.drain_timeout;
    Ok(Running {
        bound,
        engine,
        writer,
        servers,
        workers,
        sources,
        post,
        hooks,
        admin,
        calls,
        drain_timeout,
        socket,
    })
}

/// A listener of systemd's on the network needs TLS like one of the configuration's.
fn check_plaintext(config: &Config, inherited: &[SocketAddr]) -> Result<(), AppError> {
    let http = &config.http;
    let open = inherited.iter().find(|address| !address.ip().is_loopback());
    match open {
        Some(address) if http.tls == Tls::Off && !http.allow_plaintext => {
            Err(AppError::Plaintext(*address))
        }
        _ => Ok(()),
    }
}

async fn bind(address: SocketAddr) -> Result<(TcpListener, SocketAddr), AppError> {
    let listener = TcpListener::bind(address).await.map_err(|e| AppError::Listen(address, e))?;
    let bound = listener.local_addr().map_err(|e| AppError::Io(address.to_string(), e))?;
    Ok((listener, bound))
}

impl Running {
    /// Stops accepting, finishes what is in flight, commits, checkpoints.
    async fn drain(mut self, stop: &watch::Sender<bool>) -> Result<(), AppError> {
        stop.send_replace(true);
        let finish = async {
            while self.servers.join_next().await.is_some() {}
            while self.sources.join_next().await.is_some() {}
            // The doors live in the servers' routers; with the last of them and the last call this closes.
            while self.calls.recv().await.is_some() {}
        };
        if tokio::time::timeout(self.drain_timeout, finish).await.is_err() {
            tracing::warn!("some connections did not end in time; what they were told is on disk");
            self.servers.abort_all();
        }
        self.sources.shutdown().await;
        self.admin.abort();
        self.workers.shutdown().await;
        workers::refusals::write(&self.engine, self.engine.shared().refusals.rest()).await;
        if self.post.await.is_err() {
            tracing::warn!("sending replies ended badly; what waits is sent after the next start");
        }
        if self.hooks.await.is_err() {
            tracing::warn!("sending webhooks ended badly; what waits is sent after the next start");
        }
        drop(self.engine);
        let writer = self.writer;
        let closed = tokio::task::spawn_blocking(move || writer.stop()).await;
        let _ = std::fs::remove_file(&self.socket);
        closed.map_err(|e| AppError::Close(e.to_string()))?.map_err(AppError::Close)
    }
}
