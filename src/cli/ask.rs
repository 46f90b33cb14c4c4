//! How subcommands reach the store: through a running daemon's socket, or by opening it themselves.

use tokio::sync::mpsc;

use super::Failure;
use super::progress::{Meter, Unit};
use super::serve::runtime;
use crate::admin::user::UserRequest;
use crate::admin::{self, Answer, Request};
use crate::app;
use crate::config::Config;
use crate::store::OpenError;
use crate::store::backup::UNFINISHED;
use crate::telemetry::progress::Progress;

/// Puts a request to whoever holds the store; `each` gets every answer but the last.
pub fn ask(
    config: &Config,
    request: Request,
    mut each: impl FnMut(Answer) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (what, unit) = match request {
        Request::Export { .. } => ("export", "calls"),
        Request::Reindex => ("reindex", "rows"),
        _ => ("verify", "tickets and contacts"),
    };
    let mut watched: Option<(Progress, Meter)> = None;
    let mut each = move |answer| match answer {
        Answer::Progress { done, total } => {
            let (progress, _) = watched.get_or_insert_with(|| {
                let progress = Progress::default();
                let meter = Meter::show(what, Unit::Count(unit), &progress);
                (progress, meter)
            });
            progress.set_total(total);
            progress.set(done);
            Ok(())
        }
        // What comes of it is told without a bar before it.
        Answer::Verified { .. } | Answer::Reindexed { .. } => {
            watched = None;
            each(answer)
        }
        other => each(other),
    };
    let path = config.data_dir.join(admin::SOCKET);
    let reach = |e| Failure::failed(format!("{}: {e}", path.display()));
    if let Some(answers) = admin::ask(&config.data_dir, &request).map_err(reach)? {
        for answer in answers {
            if told(answer.map_err(reach)?, &mut each)? {
                return Ok(());
            }
        }
        return Err(Failure::failed("the daemon ended before it had answered"));
    }
    // A token may be made before the first start; everything else asks of a store that is there.
    let makes =
        matches!(request, Request::TokenCreate { .. } | Request::User(UserRequest::Add { .. }));
    if config.data_dir.join(UNFINISHED).exists() {
        return Err(Failure::failed(OpenError::Unfinished));
    }
    if !makes && !app::has_store(config) {
        let dir = config.data_dir.display();
        let why = "holds no store; give the directory of one with --data-dir";
        return Err(Failure::usage(format!("{dir} {why}")));
    }
    runtime()?.block_on(async {
        let (engine, writer) = app::open(config).map_err(Failure::failed)?;
        let auth = app::authenticator(config, config.http.listen, &engine);
        let auth = auth.map_err(Failure::failed)?;
        let (out, mut answers) = mpsc::channel(16);
        let work = async {
            admin::answer(&engine, &auth, request, &out).await;
            drop(out);
        };
        let tell = async {
            while let Some(answer) = answers.recv().await {
                if told(answer, &mut each)? {
                    break;
                }
            }
            Ok::<(), Failure>(())
        };
        let ((), result) = tokio::join!(work, tell);
        writer.stop().map_err(Failure::failed)?;
        result
    })
}

/// True when this was the last answer.
fn told(
    answer: Answer,
    each: &mut impl FnMut(Answer) -> Result<(), Failure>,
) -> Result<bool, Failure> {
    match answer {
        Answer::Done => Ok(true),
        Answer::Error { text } => Err(Failure::failed(text)),
        other => each(other).map(|()| false),
    }
}
