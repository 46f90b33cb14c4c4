//! How subcommands reach the store: through a running daemon's socket, or by opening it themselves.

use tokio::sync::mpsc;

use super::Failure;
use super::serve::runtime;
use crate::admin::{self, Answer, Request};
use crate::app;
use crate::config::Config;

/// Puts a request to whoever holds the store; `each` gets every answer but the last.
pub fn ask(
    config: &Config,
    request: Request,
    mut each: impl FnMut(Answer) -> Result<(), Failure>,
) -> Result<(), Failure> {
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
    let makes = matches!(request, Request::TokenCreate { .. });
    if !makes && !app::has_store(config) {
        let dir = config.data_dir.display();
        let why = "holds no store; give the directory of one with --data-dir";
        return Err(Failure::usage(format!("{dir} {why}")));
    }
    runtime()?.block_on(async {
        let (engine, writer) = app::open(config).map_err(Failure::failed)?;
        let (out, mut answers) = mpsc::channel(16);
        let work = async {
            admin::answer(&engine, request, &out).await;
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
