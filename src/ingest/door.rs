//! The way in at every door: who delivers is known, and the body is read, before a parser sees a byte.
//!
//! Where the vendor's secret is configured its signature over the very bytes is required and suffices.
//! Elsewhere a token of scope `ingest` is. A vendor that can send neither finds nothing there.

use axum::body::{Bytes, to_bytes};
use axum::extract::Request;
use axum::http::request::Parts;

use super::Doors;
use crate::auth::{Caller, Knock};
use crate::engine::command::{Actor, Command, Idempotency, Origin, Refusal, Submission};
use crate::wire::problem::Problem;

/// A delivery that was let in.
pub struct Delivery {
    pub actor: Actor,
    pub head: Parts,
    /// As it came: signatures cover these bytes.
    pub body: Bytes,
    /// Keeps the `Idempotency-Key`s of callers apart; 0 for those who sign.
    caller: u64,
}

impl Delivery {
    /// A command of this delivery.
    pub fn submission(&self, command: Command) -> Submission {
        let origin = self.head.extensions.get::<Origin>().copied().unwrap_or_default();
        Submission::new(self.actor.clone(), command).from(origin)
    }

    /// The `Idempotency-Key` of the request, bound to what it asks.
    pub fn idempotency(&self) -> Result<Option<Idempotency>, Refusal> {
        let Some(key) = self.head.headers.get("idempotency-key") else { return Ok(None) };
        let asked =
            [self.head.method.as_str().as_bytes(), self.head.uri.path().as_bytes(), &self.body];
        Idempotency::new(self.caller, key.as_bytes(), &asked).map(Some)
    }

    /// A request header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Lets a delivery in whose token the router has found good ([`crate::auth::policy::Access::Door`]).
pub async fn admit(doors: &Doors, request: Request) -> Result<Delivery, Problem> {
    let (head, body) = read(request, doors.settings.max_body).await?;
    let caller = head.extensions.get::<Caller>().cloned();
    let caller = caller.ok_or_else(|| Problem::new(401, "Unauthorized", "a token is needed"))?;
    Ok(Delivery::of(&caller, head, body))
}

/// Whether head and body of a delivery are signed as they must be.
pub type Check<'a> = dyn Fn(&Parts, &[u8]) -> Result<(), String> + Sync + 'a;

/// What a vendor can show at a door of [`crate::auth::policy::Access::SignedDoor`].
pub struct Vendor<'a> {
    /// The door's name in logs and metrics.
    pub door: &'static str,
    /// Whether the vendor can be told to send a token. If not, and without a secret, the door is closed.
    pub sends_tokens: bool,
    /// Checks the signature, once a secret is configured; the error says what is wrong with it.
    pub check: Option<&'a Check<'a>>,
    /// Bytes of a delivery, where they are not those of every request (`http.max_body`).
    pub max_body: Option<usize>,
}

impl<'a> Vendor<'a> {
    /// One that signs once this secret is set, and can be told to send a token until then, in the address at least.
    pub fn signing(door: &'static str, secret: &str, check: &'a Check<'a>) -> Vendor<'a> {
        let check = (!secret.is_empty()).then_some(check);
        Vendor { door, sends_tokens: true, check, max_body: None }
    }
}

/// Lets a delivery in that is signed as it must be, or whose token is good where nothing is configured.
pub async fn admit_signed(
    doors: &Doors,
    vendor: Vendor<'_>,
    request: Request,
) -> Result<Delivery, Problem> {
    let refused = |why: String| {
        doors.engine.shared().metrics.event(vendor.door, "unauthorized");
        Problem::new(401, "Unauthorized", why)
    };
    let max = vendor.max_body.unwrap_or(doors.settings.max_body);
    if let Some(check) = vendor.check {
        let (head, body) = read(request, max).await?;
        check(&head, &body).map_err(refused)?;
        let actor = Actor::Token { name: vendor.door.into() };
        return Ok(Delivery { actor, head, body, caller: 0 });
    }
    let knock = request.extensions().get::<Knock>().cloned();
    match knock {
        Some(Knock::Known(caller)) => {
            let (head, body) = read(request, max).await?;
            Ok(Delivery::of(&caller, head, body))
        }
        Some(Knock::Refused(why)) => Err(refused(why)),
        Some(Knock::NoToken) | None if vendor.sends_tokens => {
            let why = "send a token as `Authorization: Bearer …`, as `?token=…` in the address or in the \
                       header that doors.header names, or configure the vendor's secret";
            Err(refused(why.into()))
        }
        Some(Knock::NoToken) | None => {
            tracing::warn!(door = vendor.door, "disabled: no secret configured");
            doors.engine.shared().metrics.event(vendor.door, "disabled");
            Err(Problem::new(404, "Not Found", "there is nothing at this address"))
        }
    }
}

impl Delivery {
    fn of(caller: &Caller, head: Parts, body: Bytes) -> Delivery {
        Delivery { actor: super::actor(caller), head, body, caller: caller.key() }
    }
}

async fn read(request: Request, max: usize) -> Result<(Parts, Bytes), Problem> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, max).await.map_err(|error| Problem::unread_body(&error, max))?;
    Ok((head, body))
}
