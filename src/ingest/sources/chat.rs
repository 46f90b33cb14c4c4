//! A source of chat messages: each frame is what a bridge would post to its webhook.
//!
//! Messages bear ids by which they are known again, so the position is stored behind them: what a break leaves
//! between comes twice and adds nothing.

use tokio_tungstenite::tungstenite::Utf8Bytes;

use super::connection::{Source, Stored, mark};
use crate::domain::source::Mark;
use crate::engine::command::{Command, Delivered, Origin, Submission};
use crate::ingest::{chat, whatsapp};
use crate::wire::source::{Posts, posts};

/// Stores what these frames say, then how far the stream is dealt with by them.
pub async fn store(source: &Source, frames: &[Utf8Bytes], stream: &mut Option<String>) {
    let mut position = None;
    for frame in frames {
        match posts(frame) {
            Ok(Posts::Hello(hello)) => {
                mark_position(source, stream, position.take()).await;
                source.heard(hello, stream);
            }
            Ok(Posts::Body { place, body }) => {
                position = mark(place).or(position);
                source.reached(position.as_ref(), false);
                take(source, &body).await;
            }
            Err(error) => source.passed_over(&error),
        }
    }
    mark_position(source, stream, position).await;
}

/// Stores the messages of one delivery; tried until they are.
async fn take(source: &Source, body: &serde_json::Value) {
    let Some((door, parsed)) = whatsapp::from_source(source.source.kind, body) else { return };
    let commands = match chat::commands(&source.source.whatsapp, door, parsed) {
        Ok(commands) => commands,
        Err(problem) => return source.passed_over(&problem.detail),
    };
    let metrics = &source.engine.shared().metrics;
    loop {
        // Everything is queued before anything is waited for, so that one sync serves the whole delivery.
        let queued: Vec<_> = commands
            .iter()
            .map(|command| {
                Submission::new(source.actor.clone(), command.clone()).from(Origin::SOURCE)
            })
            .map(|submission| source.engine.enqueue(submission))
            .collect();
        let mut later = None;
        for pending in queued {
            let outcome = match pending {
                Ok(pending) => pending.await,
                Err(error) => Err(error),
            };
            match Stored::of(outcome) {
                Stored::Done => {}
                Stored::Later(why) => later = Some(why),
                Stored::Refused(refusal) => {
                    tracing::error!(source = source.source.name, %refusal, "a message was refused");
                    metrics.event("source", "refused");
                }
            }
        }
        let Some(why) = later else { break };
        source.wait(&why).await;
    }
    commands.iter().for_each(|_| metrics.event("source", "taken"));
}

async fn mark_position(source: &Source, stream: &Option<String>, position: Option<Mark>) {
    let Some(at) = position else { return };
    loop {
        let command = Command::TakeFromSource(Delivered {
            source: source.source.name.clone(),
            stream: stream.clone(),
            position: Some(at.clone()),
            calls: Vec::new(),
        });
        let outcome = source
            .engine
            .submit(Submission::new(source.actor.clone(), command).from(Origin::SOURCE))
            .await;
        match Stored::of(outcome) {
            Stored::Later(why) => source.wait(&why).await,
            Stored::Done | Stored::Refused(_) => break,
        }
    }
    source.reached(Some(&at), true);
}
