//! The network's limit: an axum server that reads the body as JSON and answers, storing nothing.

use std::net::{Ipv4Addr, SocketAddr};

use axum::routing::post;
use axum::{Json, Router};
use futures_util::FutureExt;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use super::BenchError;
use super::load::Target;

/// The server, on a runtime of its own as the daemon has one; it ends with this.
pub struct BareHttp {
    pub target: Target,
    runtime: Option<Runtime>,
}

impl BareHttp {
    pub fn start() -> Result<BareHttp, BenchError> {
        let failed = |e| BenchError::Io("the server that stores nothing".into(), e);
        let runtime = Builder::new_multi_thread().enable_all().build().map_err(failed)?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address: SocketAddr = listener.local_addr().map_err(failed)?;
        let router = Router::new().route("/webhook/baileys", post(answer));
        runtime.spawn(
            async move {
                match TcpListener::from_std(listener) {
                    Ok(listener) => axum::serve(listener, router).await,
                    Err(error) => Err(error),
                }
            }
            .boxed(),
        );
        let target = Target { address, token: "none".into() };
        Ok(BareHttp { target, runtime: Some(runtime) })
    }
}

impl Drop for BareHttp {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // A runtime must not be waited for inside another one.
            runtime.shutdown_background();
        }
    }
}

/// Answers in the daemon's words.
async fn answer(Json(body): Json<Value>) -> Json<Value> {
    let id = &body["data"]["messages"][0]["key"]["id"];
    let stored = json!({ "id": id, "ticket": 1001, "mode": "agent", "skip_bot": true });
    Json(json!({ "status": "success", "messages": [stored] }))
}
