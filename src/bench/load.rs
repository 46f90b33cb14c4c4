//! Clients in a closed loop: each sends its next event when the last one is acknowledged.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use tokio::task::JoinSet;

use super::payload::{Source, delivery, turn_event};
use super::sample::{Run, Window};
use super::{BenchError, draw};
use crate::client::{Call, Client, ClientError};

const DOOR: &str = "/webhook/baileys";
/// Events of one call; then it ends and the next one begins.
const EVENTS_OF_A_CALL: usize = 100;
/// Messages of one delivery, and deliveries under way, when a store is filled.
const DELIVERY: u64 = 100;
const DELIVERIES: usize = 8;

/// Whom to send to.
#[derive(Clone, Debug)]
pub struct Target {
    pub address: SocketAddr,
    pub token: String,
}

type Shared = Arc<Mutex<Source>>;

/// Posts messages one by one from so many clients.
pub async fn post(
    target: &Target,
    clients: usize,
    span: Duration,
    source: &Shared,
) -> Result<Run, BenchError> {
    let window = Window::begin(span);
    let mut workers = JoinSet::new();
    for _ in 0..clients {
        let (target, source) = (target.clone(), Arc::clone(source));
        workers.spawn(
            async move {
                let mut client = Client::connect(target.address, &target.token).await?;
                let mut run = Run::new(window);
                while !window.is_over() {
                    let body = delivery(&[draw(&source, Source::message)]);
                    let sent = Instant::now();
                    let answer = client.post(DOOR, body).await?;
                    run.note(sent, stored(&answer, 1)?);
                }
                Ok(run)
            }
            .boxed(),
        );
    }
    together(window, workers).await
}

/// Holds so many calls at once, each with one event under way.
pub async fn call(
    target: &Target,
    calls: usize,
    span: Duration,
    source: &Shared,
) -> Result<Run, BenchError> {
    let window = Window::begin(span);
    let mut workers = JoinSet::new();
    for _ in 0..calls {
        let (target, source) = (target.clone(), Arc::clone(source));
        workers.spawn(
            async move {
                let mut run = Run::new(window);
                while !window.is_over() {
                    let session = draw(&source, Source::session);
                    let (mut call, _) = Call::open(target.address, &target.token, &session).await?;
                    for at in 0..EVENTS_OF_A_CALL {
                        let event = draw(&source, |s| turn_event(&session, at, s.text()));
                        let sent = Instant::now();
                        call.send(&event).await?;
                        call.acknowledged().await?;
                        run.note(sent, 1);
                        if window.is_over() {
                            break;
                        }
                    }
                    call.hang_up().await?;
                }
                Ok(run)
            }
            .boxed(),
        );
    }
    together(window, workers).await
}

/// Delivers so many messages as fast as it goes, as a bridge does that was offline.
pub async fn deliver(
    target: &Target,
    messages: u64,
    source: &Shared,
    make: fn(&mut Source) -> String,
) -> Result<(), BenchError> {
    let left = Arc::new(Mutex::new(messages));
    let mut workers = JoinSet::new();
    for _ in 0..DELIVERIES {
        let (target, source, left) = (target.clone(), Arc::clone(source), Arc::clone(&left));
        workers.spawn(
            async move {
                let mut client = Client::connect(target.address, &target.token).await?;
                loop {
                    let take = {
                        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                        let take = DELIVERY.min(*left);
                        *left -= take;
                        take
                    };
                    if take == 0 {
                        return Ok(());
                    }
                    let bodies: Vec<_> = draw(&source, |s| (0..take).map(|_| make(s)).collect());
                    stored(&client.post(DOOR, delivery(&bodies)).await?, take)?;
                }
            }
            .boxed(),
        );
    }
    while let Some(worker) = workers.join_next().await {
        worker?.map_err(|e: ClientError| BenchError::Client(e))?;
    }
    Ok(())
}

async fn together(
    window: Window,
    mut workers: JoinSet<Result<Run, ClientError>>,
) -> Result<Run, BenchError> {
    let mut all = Run::new(window);
    while let Some(worker) = workers.join_next().await {
        all.join(worker??);
    }
    Ok(all)
}

/// The messages of an answer, when all of them got a ticket.
fn stored(answer: &[u8], sent: u64) -> Result<u64, ClientError> {
    let mark = b"\"skip_bot\":true";
    let tickets = answer.windows(mark.len()).filter(|at| at == mark).count() as u64;
    if tickets == sent {
        return Ok(sent);
    }
    let answer = String::from_utf8_lossy(&answer[..answer.len().min(300)]);
    Err(ClientError::Unexpected(format!("of {sent} messages {tickets} were stored: {answer}")))
}
