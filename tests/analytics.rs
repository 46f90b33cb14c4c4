//! The figures of the desk from outside: shapes, filters, rights, what is refused, and the export (S3.27, S3.48, S2.34).
//! That each figure is right is checked over a generated year, in `src/engine/tests/figures.rs`.

mod harness;

use harness::{Daemon, Response};
use serde_json::{Value, json};

const ALL: [&str; 8] =
    ["now", "overview", "volume", "distribution", "agents", "sla/detailed", "csat", "peak-hours"];

struct Desk {
    daemon: Daemon,
    admin: String,
    ingest: String,
}

impl Desk {
    fn open() -> Desk {
        let daemon = Daemon::with_config("timezone = 'Asia/Jakarta'\n");
        let (admin, ingest) = (daemon.token("admin"), daemon.token("ingest"));
        Desk { daemon, admin, ingest }
    }

    fn ask(&self, token: &str, method: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {token}");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        self.daemon.request(method, path, &headers, body.as_bytes())
    }

    #[track_caller]
    fn does(&self, token: &str, path: &str, body: &Value) -> Value {
        let answer = self.ask(token, "POST", path, body);
        assert!(matches!(answer.status, 200 | 201), "{path}: {}", answer.text());
        answer.json()
    }

    #[track_caller]
    fn figures(&self, of: &str) -> Value {
        self.figures_for(&self.admin, of)
    }

    #[track_caller]
    fn figures_for(&self, token: &str, of: &str) -> Value {
        let path = format!("/api/tickets/analytics/{of}");
        let answer = self.ask(token, "GET", &path, &Value::Null);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// A customer's form; gives the ticket's number, id and token.
    fn form(&self, subject: &str, name: &str) -> (u64, String, String) {
        let body = json!({
            "workspace_id": "uuid", "subject": subject, "description": "I have a question",
            "requester_email": "john@example.com", "requester_name": name,
        });
        let told = self.does(&self.admin, "/api/public/tickets", &body);
        let word = |value: &Value| value.as_str().expect("a word").to_owned();
        let number = word(&told["ticket"]["ticket_number"]);
        let number = number.trim_start_matches('#').parse().expect("a number");
        (number, word(&told["ticket"]["id"]), word(&told["accessToken"]))
    }

    /// Three tickets: one served by Ana and rated 5, one that waits and is escalated by Ben, one call.
    fn day(&self) -> (String, String) {
        let (ana, ben) =
            (self.daemon.token_named("Ana", "agent"), self.daemon.token_named("Ben", "agent"));
        let (number, id, token) = self.form("Bill", "John");
        self.does(&ana, &format!("/api/tickets/{number}/claim"), &Value::Null);
        let answer = json!({"body": "Here it is", "is_internal": false});
        self.does(&ana, &format!("/api/tickets/{number}/comments"), &answer);
        self.does(&ana, &format!("/api/tickets/{number}/resolve"), &Value::Null);
        let rating = json!({"access_token": token, "rating": 5});
        self.does(&self.admin, &format!("/api/public/tickets/{id}/satisfaction"), &rating);
        let (number, ..) = self.form("=HYPERLINK(\"http://evil\")", "+John, \"the\" @other");
        self.does(&ben, &format!("/api/tickets/{number}/claim"), &Value::Null);
        let why = json!({"reason": "needs the bank"});
        self.does(&ben, &format!("/api/tickets/{number}/escalate"), &why);
        let call = json!({"session_id": "c1", "customer_name": "Maya"});
        self.does(&self.ingest, "/api/calls", &call);
        (ana, ben)
    }
}

/// S3.27, S3.48, S2.34, S4.26
#[test]
fn a_days_work_is_told_in_figures() {
    let desk = Desk::open();
    desk.day();
    let told = desk.figures("overview?compare=previous");
    assert_eq!(told["period"]["timezone"], "Asia/Jakarta");
    let now = &told["current"];
    assert_eq!(
        (&now["created"], &now["resolved"], &now["backlog"]),
        (&json!(3), &json!(1), &json!(2))
    );
    assert_eq!(
        now["first_response_time"]["count"], 1,
        "the voice assistant's answers are no person's"
    );
    assert_eq!(now["resolution_rate"], 0.3333);
    assert_eq!((&now["escalated"], &now["escalation_rate"]), (&json!(1), &json!(0.3333)));
    assert_eq!((&now["csat"]["average"], &now["csat"]["satisfied"]), (&json!(5.0), &json!(1.0)));
    assert_eq!(
        (&now["sla"]["first_response"]["met"], &now["sla"]["resolution"]["met"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(told["previous"]["created"], 0);
    assert_eq!(told["previous_period"]["to"], told["period"]["from"]);

    let told = desk.figures("volume?granularity=day");
    let pieces = told["current"].as_array().expect("pieces");
    assert_eq!(pieces.len(), 30);
    assert_eq!(
        (&pieces[29]["created"], &pieces[29]["resolved"], &pieces[29]["backlog"]),
        (&json!(3), &json!(1), &json!(2))
    );
    assert_eq!(pieces[0]["backlog"], 0);

    let told = &desk.figures("distribution")["current"];
    let shares = |of: &str| told[of].as_array().expect("shares").clone();
    assert_eq!(shares("channel")[0], json!({"key": "web", "count": 2, "share": 0.6667}));
    assert_eq!(told["total"], 3);

    let told = &desk.figures("agents")["current"];
    assert_eq!(told["escalation_target"], 0.05);
    let of = |name: &str| {
        let agents = told["agents"].as_array().expect("agents");
        agents.iter().find(|agent| agent["name"] == name).expect(name).clone()
    };
    assert_eq!(
        (&of("Ana")["resolved"], &of("Ana")["within_escalation_target"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(of("Ana")["csat"]["average"], 5.0);
    assert_eq!(
        (&of("Ben")["escalation_rate"], &of("Ben")["within_escalation_target"]),
        (&json!(1.0), &json!(false))
    );

    let told = &desk.figures("sla/detailed")["current"];
    assert_eq!(
        (&told["promised"], &told["first_response"]["compliance"]),
        (&json!(2), &json!(1.0))
    );
    let told = &desk.figures("csat")["current"];
    assert_eq!(
        (&told["distribution"], &told["response_rate"]),
        (&json!([0, 0, 0, 0, 1]), &json!(1.0))
    );
    let told = &desk.figures("peak-hours")["current"];
    let hours: u64 =
        told["by_hour"].as_array().expect("hours").iter().filter_map(Value::as_u64).sum();
    assert_eq!((hours, &told["total"]), (3, &json!(3)));

    let now = desk.figures("now");
    assert_eq!(
        (&now["open"], &now["waiting"], &now["calls_running"]),
        (&json!(2), &json!(0), &json!(1))
    );
    assert_eq!((&now["answered_today"], &now["escalated"]), (&json!(1), &json!(1)));
    let (number, ..) = desk.form("Waits", "Tom");
    let now = desk.figures("now");
    assert_eq!((&now["waiting"], &now["longest_wait_ticket"]), (&json!(1), &json!(number)));
}

/// S2.34: one of twenty is within the target, two are not.
#[test]
fn an_agent_may_escalate_one_ticket_of_twenty() {
    let desk = Desk::open();
    let ana = desk.daemon.token_named("Ana", "agent");
    let own: Vec<u64> = (0..20).map(|nth| desk.form(&format!("Bill {nth}"), "John").0).collect();
    for number in &own {
        desk.does(&ana, &format!("/api/tickets/{number}/claim"), &Value::Null);
    }
    for (number, rate, within) in [(own[3], 0.05, true), (own[7], 0.1, false)] {
        let why = json!({"reason": "needs the bank"});
        desk.does(&ana, &format!("/api/tickets/{number}/escalate"), &why);
        let told = &desk.figures("agents")["current"]["agents"][0];
        let seen = (&told["name"], &told["escalation_rate"], &told["within_escalation_target"]);
        assert_eq!(seen, (&json!("Ana"), &json!(rate), &json!(within)));
    }
}

#[test]
fn filters_leave_some_tickets_and_a_restart_leaves_all_figures() {
    let mut desk = Desk::open();
    desk.day();
    let created = |desk: &Desk, filter: &str| {
        desk.figures(&format!("overview?{filter}"))["current"]["created"].as_u64().expect("a count")
    };
    assert_eq!(created(&desk, "channel=call"), 1);
    assert_eq!(created(&desk, "channel=web,call&status=resolved"), 1);
    assert_eq!(created(&desk, "assignee=none"), 1);
    assert_eq!(created(&desk, "from=2001-01-01&to=2001-01-31"), 0);
    assert_eq!(created(&desk, "tz=America/New_York&granularity=hour"), 3);
    let before: Vec<Value> = ALL[1..].iter().map(|of| desk.figures(of)).collect();
    desk.daemon.kill9();
    desk.daemon.restart();
    let after: Vec<Value> = ALL[1..].iter().map(|of| desk.figures(of)).collect();
    assert_eq!(before, after);
}

#[test]
fn agents_are_told_their_own_figures_and_others_are_kept_from_them() {
    let desk = Desk::open();
    let (ana, _) = desk.day();
    assert_eq!(desk.figures_for(&ana, "overview")["current"]["created"], 1);
    let agents = desk.figures_for(&ana, "agents")["current"]["agents"].clone();
    let names: Vec<&Value> =
        agents.as_array().expect("agents").iter().map(|agent| &agent["name"]).collect();
    assert_eq!(names, ["Ana"]);
    for of in ALL {
        desk.figures_for(&ana, of);
        let path = format!("/api/tickets/analytics/{of}");
        assert_eq!(desk.ask(&desk.ingest, "GET", &path, &Value::Null).status, 403, "{of}");
        let other = desk.ask(&ana, "GET", &format!("{path}?assignee=none"), &Value::Null);
        assert_eq!(other.status, 403, "{of}");
    }
    let export = desk.ask(&ana, "GET", "/api/tickets/analytics/export?format=jsonl", &Value::Null);
    assert_eq!(export.text().lines().count(), 1);
}

#[test]
fn what_cannot_be_understood_is_refused_with_its_reason() {
    let desk = Desk::open();
    for (question, field) in [
        ("overview?tz=Mars/Base", "tz"),
        ("overview?from=yesterday", "from"),
        ("overview?from=2026-02-01&to=2026-01-01", "from"),
        ("overview?from=1990-01-01&to=2026-01-01", "from"),
        ("volume?granularity=minute", "granularity"),
        ("volume?from=2025-01-01&to=2025-12-31&granularity=hour", "granularity"),
        ("overview?compare=next", "compare"),
        ("overview?channel=fax", "channel"),
        ("agents?assignee=somebody", "assignee"),
        ("export?format=xlsx", "format"),
        ("export?bom=perhaps", "bom"),
    ] {
        let path = format!("/api/tickets/analytics/{question}");
        let answer = desk.ask(&desk.admin, "GET", &path, &Value::Null);
        assert_eq!(answer.status, 400, "{question}: {}", answer.text());
        assert_eq!(answer.json()["errors"][0]["field"], field, "{question}");
    }
    for odd in
        ["from=-009999-01-01", "to=9999-12-31", "from=9999-12-31", "from=0001-01-01&to=0001-01-02"]
    {
        let path = format!("/api/tickets/analytics/volume?{odd}&compare=previous");
        let answer = desk.ask(&desk.admin, "GET", &path, &Value::Null);
        assert!(matches!(answer.status, 200 | 400), "{odd}: {}", answer.text());
    }
}

#[test]
fn an_export_is_a_table_that_no_spreadsheet_runs() {
    let desk = Desk::open();
    desk.day();
    let export = |query: &str| {
        let path = format!("/api/tickets/analytics/export?{query}");
        let answer = desk.ask(&desk.admin, "GET", &path, &Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer
    };
    let csv = export("");
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<String> = csv.text().split("\r\n").map(str::to_owned).collect();
    assert_eq!(lines.len(), 5, "a head, three tickets, the end: {lines:?}");
    assert!(lines[0].starts_with("number,id,ticket_id,subject,status"));
    assert!(lines[2].contains(",\"'=HYPERLINK(\"\"http://evil\"\")\","), "{}", lines[2]);
    assert!(lines[2].contains(",\"'+John, \"\"the\"\" @other\","), "{}", lines[2]);
    assert!(export("bom=true").text().starts_with('\u{feff}'));
    let rows = export("format=jsonl&channel=web").text();
    let rows: Vec<Value> =
        rows.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["rating"], &rows[0]["sla_resolution"]), (&json!(5), &json!("met")));
    assert_eq!(rows[1]["subject"], "=HYPERLINK(\"http://evil\")", "JSON is no spreadsheet");
    assert_eq!((&rows[1]["escalated"], &rows[1]["assignee_name"]), (&json!(1), &json!("Ben")));
}
