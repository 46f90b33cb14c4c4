//! Who may what, in one table. A route that is not in it is for admins.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Caller;
use crate::domain::agent::Role;
use crate::domain::contact::Scope;

/// What a route asks of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Needs no token (DESIGN C9).
    Open,
    /// Needs a machine's token with one of these scopes (`admin` always suffices), or a person of this role or a
    /// greater one.
    Needs { scopes: &'static [Scope], role: Role },
    /// Needs a person who has logged in; a machine has no account.
    Person,
    /// Needs a token of scope `ingest`, which may also come in the address or in a header of the
    /// configuration's choice, as many bridges can send nothing else.
    Door,
    /// What [`READ`] needs; but a token may come in the first message, as browsers can send none with a WebSocket.
    Live,
    /// Like [`Access::Door`], or signed by the vendor: the door itself looks.
    SignedDoor,
}

use Access::{Door, Live, Needs, Open, Person, SignedDoor};

/// The scopes that open doors.
const DELIVER: &[Scope] = &[Scope::Ingest];
pub const READ: Access = Needs { scopes: &[Scope::Read, Scope::Agent], role: Role::Agent };
/// Relays write the ledger, agents correct it.
const LEDGER: Access = Needs { scopes: &[Scope::Ingest, Scope::Agent], role: Role::Agent };
pub const AGENT: Access = Needs { scopes: &[Scope::Agent], role: Role::Agent };
/// What shows every ticket.
pub const SUPERVISOR: Access = Needs { scopes: &[], role: Role::Supervisor };
/// Whoever was recognised.
const ANYBODY: Access =
    Needs { scopes: &[Scope::Ingest, Scope::Read, Scope::Agent], role: Role::Agent };
/// Assistants that talk with customers; whoever makes tickets here may do what they do.
const ASSISTANT: Access = Needs { scopes: &[Scope::Assistant, Scope::Agent], role: Role::Agent };
/// Machines that read everything, and whoever looks after them.
const FEED: Access = Needs { scopes: &[Scope::Read], role: Role::Supervisor };
pub const ADMIN: Access = Needs { scopes: &[], role: Role::Admin };

/// Method, route, access.
type Row = (&'static str, &'static str, Access);

/// Who may what.
pub const ROUTES: &[Row] = &[
    ("GET", "/", Open),
    ("GET", "/login", Open),
    ("GET", "/setup", Open),
    ("GET", "/tickets", Open),
    ("GET", "/tickets/{id}", Open),
    ("GET", "/contacts", Open),
    ("GET", "/contacts/{id}", Open),
    ("GET", "/admin", Open),
    ("GET", "/admin/{section}", Open),
    ("GET", "/portal", Open),
    ("GET", "/portal/find", Open),
    ("GET", "/portal/tickets/{id}", Open),
    ("GET", "/api/public/desk", Open),
    ("GET", "/api/system", ADMIN),
    ("GET", "/api/system/updates", ADMIN),
    ("GET", "/home", Open),
    ("GET", "/search", Open),
    ("GET", "/analytics", Open),
    ("GET", "/analytics/{view}", Open),
    ("GET", "/account", Open),
    ("GET", "/calls", Open),
    ("GET", "/assets/{bundle}/{*name}", Open),
    ("GET", "/health", Open),
    ("GET", "/ready", Open),
    ("GET", "/ca.pem", Open),
    ("GET", "/docs", Open),
    ("GET", "/docs/", Open),
    ("GET", "/docs/{*rest}", Open),
    ("GET", "/openapi.json", Open),
    ("GET", "/metrics", FEED),
    ("GET", "/ingest/calls/{session_id}", Door),
    ("GET", "/ingest/realtime", Door),
    ("POST", "/webhook/baileys", Door),
    ("POST", "/webhook/evolution", Door),
    ("POST", "/webhook/evolution/{event}", Door),
    ("POST", "/webhook/waha", SignedDoor),
    ("POST", "/webhook/wuzapi", SignedDoor),
    ("POST", "/webhook/whapi", Door),
    ("PUT", "/webhook/whapi", Door),
    ("PATCH", "/webhook/whapi", Door),
    ("DELETE", "/webhook/whapi", Door),
    ("POST", "/webhook/whapi/{kind}", Door),
    ("PUT", "/webhook/whapi/{kind}", Door),
    ("PATCH", "/webhook/whapi/{kind}", Door),
    ("DELETE", "/webhook/whapi/{kind}", Door),
    ("GET", "/webhook/whatsapp", SignedDoor),
    ("POST", "/webhook/whatsapp", SignedDoor),
    ("POST", "/webhook/email", SignedDoor),
    ("POST", "/api/auth/login", Open),
    ("POST", "/api/auth/refresh", Open),
    ("POST", "/api/setup", Open),
    ("GET", "/api/auth/me", ANYBODY),
    ("POST", "/api/auth/logout", Person),
    ("POST", "/api/auth/password", Person),
    ("POST", "/api/auth/totp", Person),
    ("DELETE", "/api/auth/totp", Person),
    ("POST", "/api/auth/totp/confirm", Person),
    ("GET", "/api/auth/sessions", Person),
    ("DELETE", "/api/auth/sessions", Person),
    ("DELETE", "/api/auth/sessions/{session}", Person),
    ("GET", "/api/agents", READ),
    ("POST", "/api/agents", ADMIN),
    ("PUT", "/api/agents/{agent}", ADMIN),
    ("POST", "/api/agents/{agent}/link", ADMIN),
    ("GET", "/api/agents/{agent}/sessions", ADMIN),
    ("DELETE", "/api/agents/{agent}/sessions", ADMIN),
    ("DELETE", "/api/agents/{agent}/totp", ADMIN),
    ("GET", "/api/tokens", ADMIN),
    ("POST", "/api/tokens", ADMIN),
    ("DELETE", "/api/tokens/{token}", ADMIN),
    ("GET", "/api/calls", READ),
    ("POST", "/api/calls", LEDGER),
    ("GET", "/api/calls/stats", READ),
    ("GET", "/api/calls/reports/categories", READ),
    ("GET", "/api/calls/reports/resolution-time", READ),
    ("GET", "/api/calls/reports/hourly", READ),
    ("GET", "/api/calls/reports/tool-calls", READ),
    ("GET", "/api/calls/{id}", READ),
    ("PUT", "/api/calls/{id}", LEDGER),
    ("POST", "/api/calls/{id}/interactions", LEDGER),
    ("POST", "/api/calls/{id}/metadata", LEDGER),
    ("POST", "/api/calls/{id}/close", LEDGER),
    ("GET", "/api/calls/{id}/export", READ),
    ("POST", "/api/calls/{id}/say", AGENT),
    ("GET", "/api/calls/live", READ),
    ("POST", "/api/calls/{id}/flag", SUPERVISOR),
    ("GET", "/api/tickets", READ),
    ("GET", "/api/tickets/", READ),
    ("GET", "/api/search", READ),
    ("GET", "/api/search/suggest", READ),
    ("GET", "/api/tickets/{ref}/similar", READ),
    ("POST", "/api/tickets", AGENT),
    ("POST", "/api/tickets/bulk", AGENT),
    ("GET", "/api/tickets/queue", READ),
    ("GET", "/api/tickets/my-tickets", AGENT),
    ("GET", "/api/tickets/all", SUPERVISOR),
    ("POST", "/api/tickets/create", Door),
    ("POST", "/api/tickets/webhook/zendesk", SignedDoor),
    ("HEAD", "/api/tickets/webhook/intercom", Open),
    ("POST", "/api/tickets/webhook/intercom", SignedDoor),
    ("POST", "/ingest/twilio/status", SignedDoor),
    ("POST", "/ingest/livekit", SignedDoor),
    ("POST", "/ingest/vapi", SignedDoor),
    ("POST", "/ingest/openai", SignedDoor),
    ("POST", "/ingest/asterisk", Door),
    ("POST", "/api/public/tickets/from-chat", Open),
    ("POST", "/api/public/tickets/escalate", Open),
    ("POST", "/api/public/tickets", Open),
    ("GET", "/api/public/tickets/lookup", Open),
    ("GET", "/api/public/tickets/{ref}", Open),
    ("POST", "/api/public/tickets/{ref}/reply", Open),
    ("POST", "/api/public/tickets/{ref}/satisfaction", Open),
    ("POST", "/api/public/tickets/{ref}/attachments", Open),
    ("GET", "/api/public/tickets/{ref}/attachments/{file}", Open),
    ("GET", "/api/tickets/categories", READ),
    ("POST", "/api/tickets/categories", SUPERVISOR),
    ("GET", "/api/tickets/categories/{id}", READ),
    ("PUT", "/api/tickets/categories/{id}", SUPERVISOR),
    ("DELETE", "/api/tickets/categories/{id}", SUPERVISOR),
    ("GET", "/api/tickets/canned-responses", READ),
    ("POST", "/api/tickets/canned-responses", SUPERVISOR),
    ("GET", "/api/tickets/canned-responses/{id}", READ),
    ("PUT", "/api/tickets/canned-responses/{id}", SUPERVISOR),
    ("DELETE", "/api/tickets/canned-responses/{id}", SUPERVISOR),
    ("POST", "/api/tickets/canned-responses/{id}/use", AGENT),
    ("POST", "/api/tickets/canned-responses/{id}/render", AGENT),
    ("GET", "/api/webhooks", ADMIN),
    ("POST", "/api/webhooks", ADMIN),
    ("GET", "/api/webhooks/{id}", ADMIN),
    ("PUT", "/api/webhooks/{id}", ADMIN),
    ("DELETE", "/api/webhooks/{id}", ADMIN),
    ("POST", "/api/webhooks/{id}/secret", ADMIN),
    ("POST", "/api/webhooks/{id}/test", ADMIN),
    ("POST", "/api/webhooks/{id}/redeliver", ADMIN),
    ("GET", "/api/webhooks/{id}/deliveries", ADMIN),
    ("GET", "/api/webhooks/{id}/deliveries/{delivery}", ADMIN),
    ("POST", "/api/webhooks/{id}/deliveries/{delivery}/redeliver", ADMIN),
    ("GET", "/api/tickets/{ref}/attachments", READ),
    ("POST", "/api/tickets/{ref}/attachments", AGENT),
    ("GET", "/api/tickets/{ref}/attachments/{file}", READ),
    ("DELETE", "/api/tickets/{ref}/attachments/{file}", AGENT),
    ("GET", "/api/tickets/{ref}/satisfaction", READ),
    ("GET", "/api/tickets/analytics/now", READ),
    ("GET", "/api/tickets/analytics/overview", READ),
    ("GET", "/api/tickets/analytics/volume", READ),
    ("GET", "/api/tickets/analytics/distribution", READ),
    ("GET", "/api/tickets/analytics/agents", READ),
    ("GET", "/api/tickets/analytics/sla/detailed", READ),
    ("GET", "/api/tickets/analytics/csat", READ),
    ("GET", "/api/tickets/analytics/peak-hours", READ),
    ("GET", "/api/tickets/analytics/export", READ),
    ("PUT", "/api/tickets/{ref}/status", AGENT),
    ("GET", "/api/tickets/{ref}", READ),
    ("PUT", "/api/tickets/{ref}", AGENT),
    ("PATCH", "/api/tickets/{ref}", AGENT),
    ("DELETE", "/api/tickets/{ref}", ADMIN),
    ("POST", "/api/tickets/{ref}/restore", ADMIN),
    ("GET", "/api/tickets/{ref}/activity", READ),
    ("POST", "/api/tickets/{ref}/assign", AGENT),
    ("POST", "/api/tickets/{ref}/unassign", AGENT),
    ("POST", "/api/tickets/{ref}/escalate", AGENT),
    ("POST", "/api/tickets/{ref}/deescalate", AGENT),
    ("POST", "/api/tickets/{ref}/tags", AGENT),
    ("DELETE", "/api/tickets/{ref}/tags/{tag}", AGENT),
    ("POST", "/api/tickets/{ref}/followers", AGENT),
    ("DELETE", "/api/tickets/{ref}/followers/{agent}", AGENT),
    ("POST", "/api/tickets/{ref}/related", AGENT),
    ("DELETE", "/api/tickets/{ref}/related/{other}", AGENT),
    ("POST", "/api/tickets/{ref}/merge", AGENT),
    ("POST", "/api/tickets/{ref}/unmerge", AGENT),
    ("GET", "/api/tickets/sla-policies", READ),
    ("POST", "/api/tickets/sla-policies", ADMIN),
    ("PUT", "/api/tickets/sla-policies/{id}", ADMIN),
    ("DELETE", "/api/tickets/sla-policies/{id}", ADMIN),
    ("POST", "/api/tickets/sla-policies/{id}/apply", ADMIN),
    ("GET", "/api/tickets/{ref}/sla", READ),
    ("GET", "/api/presence", READ),
    ("POST", "/api/presence", AGENT),
    ("PUT", "/api/agents/{agent}/workload", SUPERVISOR),
    ("POST", "/api/tickets/next", AGENT),
    ("GET", "/api/tickets/{ref}/escalations", READ),
    ("GET", "/api/assignment-rules", SUPERVISOR),
    ("POST", "/api/assignment-rules", ADMIN),
    ("GET", "/api/assignment-rules/{id}", SUPERVISOR),
    ("PUT", "/api/assignment-rules/{id}", ADMIN),
    ("DELETE", "/api/assignment-rules/{id}", ADMIN),
    ("GET", "/api/rules", SUPERVISOR),
    ("POST", "/api/rules", ADMIN),
    ("GET", "/api/rules/{id}", SUPERVISOR),
    ("PUT", "/api/rules/{id}", ADMIN),
    ("PATCH", "/api/rules/{id}", ADMIN),
    ("DELETE", "/api/rules/{id}", ADMIN),
    ("GET", "/api/rules/{id}/runs", SUPERVISOR),
    ("POST", "/api/rules/{id}/test", SUPERVISOR),
    ("GET", "/api/business-hours", READ),
    ("POST", "/api/business-hours", ADMIN),
    ("PUT", "/api/business-hours/{id}", ADMIN),
    ("DELETE", "/api/business-hours/{id}", ADMIN),
    ("GET", "/api/tickets/{ref}/timeline", READ),
    ("GET", "/api/tickets/{ref}/comments", READ),
    ("POST", "/api/tickets/{ref}/comments", AGENT),
    ("PUT", "/api/tickets/{ref}/comments/{comment}", AGENT),
    ("DELETE", "/api/tickets/{ref}/comments/{comment}", AGENT),
    ("POST", "/api/tickets/{ref}/comments/{comment}/resend", AGENT),
    ("GET", "/api/tickets/{ref}/comments/{comment}/mail", READ),
    ("POST", "/api/tickets/{ref}/viewing", AGENT),
    ("GET", "/api/drafts/{ref}", AGENT),
    ("PUT", "/api/drafts/{ref}", AGENT),
    ("DELETE", "/api/tickets/{ref}/portal-tokens", AGENT),
    ("POST", "/api/tickets/{ref}/claim", AGENT),
    ("POST", "/api/tickets/{ref}/resolve", AGENT),
    ("POST", "/api/tickets/{ref}/close", AGENT),
    ("POST", "/api/tickets/{ref}/reopen", AGENT),
    ("GET", "/api/contacts", READ),
    ("POST", "/api/contacts", AGENT),
    ("POST", "/api/contacts/import", SUPERVISOR),
    ("GET", "/api/contacts/export", SUPERVISOR),
    ("GET", "/api/contacts/{id}", READ),
    ("PATCH", "/api/contacts/{id}", AGENT),
    ("DELETE", "/api/contacts/{id}", ADMIN),
    ("GET", "/api/contacts/{id}/tickets", READ),
    ("GET", "/api/contacts/{id}/timeline", READ),
    ("POST", "/api/contacts/{id}/merge", SUPERVISOR),
    ("POST", "/api/contacts/{id}/split", SUPERVISOR),
    ("GET", "/api/conversations/{conversation}", READ),
    ("POST", "/api/conversations/{conversation}/mode", AGENT),
    ("GET", "/api/v2/tickets", READ),
    ("POST", "/api/v2/tickets", AGENT),
    ("GET", "/api/v2/tickets/statistics", READ),
    ("GET", "/api/v2/tickets/{ref}", READ),
    ("PUT", "/api/v2/tickets/{ref}", AGENT),
    ("POST", "/api/v2/tickets/{ref}/notes", AGENT),
    ("PUT", "/api/v2/tickets/{ref}/status", AGENT),
    ("PUT", "/api/v2/tickets/{ref}/assign", AGENT),
    ("PUT", "/api/v2/tickets/{ref}/resolve", AGENT),
    ("PUT", "/api/v2/tickets/{ref}/escalate", AGENT),
    ("GET", "/api/v2/customers", READ),
    ("POST", "/api/v2/customers", AGENT),
    ("GET", "/api/v2/customers/{id}", READ),
    ("PUT", "/api/v2/customers/{id}", AGENT),
    ("GET", "/api/v2/customers/{id}/tickets", READ),
    ("GET", "/api/v2/conversations", READ),
    ("GET", "/api/v2/conversations/{id}", READ),
    ("GET", "/api/v2/conversations/{id}/tickets", READ),
    ("GET", "/api/v2/assistant/tools", ASSISTANT),
    ("POST", "/api/v2/assistant/tool-calls", ASSISTANT),
    ("POST", "/mcp", ASSISTANT),
    ("GET", "/api/live/events", READ),
    ("GET", "/api/live", Live),
    // Each socket shows its token when it enters.
    ("GET", "/socket.io/", Open),
    ("POST", "/socket.io/", Open),
    ("GET", "/api/audit", ADMIN),
    ("GET", "/api/privacy", ADMIN),
    ("GET", "/api/privacy/deeds", ADMIN),
    ("POST", "/api/privacy/find", ADMIN),
    ("POST", "/api/privacy/export", ADMIN),
    ("POST", "/api/privacy/erase", ADMIN),
    ("GET", "/api/feed", FEED),
    ("GET", "/api/feed/cursors", FEED),
    ("PUT", "/api/feed/cursors/{name}", FEED),
    ("DELETE", "/api/feed/cursors/{name}", FEED),
];

/// What a route asks of its caller; `HEAD` is asked what `GET` is, where it stands for itself nowhere.
pub fn access(method: &str, route: &str) -> Access {
    let of = |method: &str| of_route(route).iter().find(|row| row.0 == method);
    let found = of(method).or_else(|| of("GET").filter(|_| method == "HEAD"));
    found.map_or(ADMIN, |(_, _, access)| *access)
}

/// The rows of a route. Each request asks some times, and there are hundreds of rows.
fn of_route(route: &str) -> &'static [Row] {
    static BY_ROUTE: LazyLock<HashMap<&'static str, Vec<Row>>> = LazyLock::new(|| {
        let mut by_route: HashMap<_, Vec<Row>> = HashMap::new();
        for row in ROUTES {
            by_route.entry(row.1).or_default().push(*row);
        }
        by_route
    });
    BY_ROUTE.get(route).map_or(&[], Vec::as_slice)
}

/// The methods that a route takes, for the error that says so.
pub fn methods(route: &str) -> Vec<&'static str> {
    of_route(route).iter().map(|(method, ..)| *method).collect()
}

/// How often a route may be asked: by whom, and how many times a minute, is the configuration's (`limits`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Api,
    /// Where messages and calls come in.
    Doors,
    /// Needs no token and touches tickets.
    Public,
    Login,
}

/// The class of a route; none for pages, figures of health and what is no route.
pub fn class(method: &str, route: &str) -> Option<Class> {
    match access(method, route) {
        Open if route.starts_with("/api/auth/") || route == "/api/setup" => Some(Class::Login),
        Open if route.starts_with("/api/") => Some(Class::Public),
        Open => None,
        Door | SignedDoor => Some(Class::Doors),
        Needs { scopes, .. } if scopes.contains(&Scope::Ingest) => Some(Class::Doors),
        Needs { .. } | Live | Person => Some(Class::Api),
    }
}

/// The door of a route, as the audit names it.
pub fn door(method: &str, route: &str) -> &'static str {
    let found = of_route(route).iter().find(|row| row.0 == method);
    match (found, class(method, route)) {
        (Some((_, route, Door | SignedDoor)), _) => route,
        (_, Some(Class::Public)) => "public",
        (_, Some(Class::Login)) => "login",
        _ => "api",
    }
}

/// Whether a signature may stand for the token of a route.
pub fn is_signed(method: &str, route: &str) -> bool {
    access(method, route) == SignedDoor
}

impl Access {
    /// The scopes of which one is needed and the least role that will do; none where that is not what counts.
    fn needs(self) -> Option<(&'static [Scope], Role)> {
        match self {
            Open | Person => None,
            Needs { scopes, role } => Some((scopes, role)),
            Live => READ.needs(),
            Door | SignedDoor => Some((DELIVER, Role::Admin)),
        }
    }

    pub fn allows(self, caller: &Caller) -> bool {
        let Some((scopes, least)) = self.needs() else {
            return self == Open || caller.role.is_some();
        };
        match caller.role {
            Some(role) => role >= least,
            None => caller.scopes.iter().any(|s| *s == Scope::Admin || scopes.contains(s)),
        }
    }

    /// The scopes and roles that would do, for the error that says so.
    pub fn wanted(self) -> String {
        let Some((scopes, least)) = self.needs() else {
            return "a person who has logged in".into();
        };
        let scopes = scopes.iter().chain(&[Scope::Admin]).map(|s| s.as_str());
        let scopes: Vec<_> = scopes.collect();
        let roles = Role::ALL.into_iter().filter(|role| *role >= least).map(Role::as_str);
        let roles: Vec<_> = roles.collect();
        format!(
            "a token of scope {} or a person of role {}",
            scopes.join(" or "),
            roles.join(" or ")
        )
    }
}

/// The table as it is read by people: a line a route, a column a kind of caller.
pub fn matrix() -> String {
    const YES: &str = "yes";
    let machine = |scope| Caller { scopes: vec![scope], ..Caller::open_reader() };
    let person = |role| Caller { scopes: Vec::new(), role: Some(role), ..Caller::open_reader() };
    let mut text = format!("{:<60} without tokens of scope{:38}people of role\n{:<68}", "", "", "");
    for name in Scope::ALL.map(Scope::as_str).iter().chain(&Role::ALL.map(Role::as_str)) {
        text += &format!("{name:<11}");
    }
    text.truncate(text.trim_end().len());
    text += "\n";
    for (method, route, access) in ROUTES {
        let open = match *access {
            Open => YES,
            SignedDoor => "signed",
            Live => "later",
            _ => "",
        };
        text += &format!("{method:<7} {route:<52} {open:<7}");
        let machines = Scope::ALL.map(|scope| access.allows(&machine(scope)));
        let people = Role::ALL.map(|role| access.allows(&person(role)));
        for allowed in machines.into_iter().chain(people) {
            let word = if allowed && *access != Open { YES } else { "" };
            text += &format!("{word:<11}");
        }
        text.truncate(text.trim_end().len());
        text += "\n";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::session::Credential;

    fn machine(scopes: &[Scope]) -> Caller {
        let (name, scopes) = ("machine".to_owned(), scopes.to_vec());
        Caller { credential: Credential::Token(1), name, scopes, role: None, agent: None }
    }

    fn person(role: Role) -> Caller {
        let (name, credential) = ("person".to_owned(), Credential::Session(1));
        Caller { credential, name, scopes: Vec::new(), role: Some(role), agent: Some(1) }
    }

    #[test]
    fn every_route_is_counted_as_what_it_is() {
        assert_eq!(class("POST", "/webhook/whatsapp"), Some(Class::Doors));
        assert_eq!(class("POST", "/api/calls/{id}/interactions"), Some(Class::Doors));
        assert_eq!(class("GET", "/api/tickets/queue"), Some(Class::Api));
        assert_eq!(class("POST", "/api/public/tickets/from-chat"), Some(Class::Public));
        assert_eq!(class("GET", "/health"), None);
        assert_eq!(door("POST", "/webhook/whatsapp"), "/webhook/whatsapp");
        assert_eq!(door("POST", "/api/public/tickets/escalate"), "public");
        assert_eq!(door("GET", "/api/tickets/queue"), "api");
    }

    #[test]
    fn admin_may_everything_and_a_door_token_only_its_doors() {
        for (_, _, access) in ROUTES {
            assert!(*access == Person || access.allows(&machine(&[Scope::Admin])));
            assert!(access.allows(&person(Role::Admin)));
        }
        assert!(access("POST", "/webhook/baileys").allows(&machine(&[Scope::Ingest])));
        assert!(!access("GET", "/api/tickets/queue").allows(&machine(&[Scope::Ingest])));
        assert!(!access("GET", "/api/tickets/all").allows(&machine(&[Scope::Agent, Scope::Read])));
        assert!(!access("GET", "/no/such/route").allows(&machine(&[Scope::Read])));
    }

    #[test]
    fn a_greater_role_may_what_a_smaller_one_may() {
        for (_, _, access) in ROUTES {
            for pair in Role::ALL.windows(2) {
                assert!(!access.allows(&person(pair[0])) || access.allows(&person(pair[1])));
            }
        }
        assert!(!access("GET", "/api/tickets/all").allows(&person(Role::Agent)));
        assert!(access("GET", "/api/tickets/all").allows(&person(Role::Supervisor)));
        assert!(!access("POST", "/webhook/baileys").allows(&person(Role::Supervisor)));
    }
}
