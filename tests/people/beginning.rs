//! How people begin: the first admin by the link of the first start, the others by an admin or the command line.

use super::*;

/// What stands behind `#` in the newest link of a text.
fn token_of(text: &str) -> Option<String> {
    let (_, rest) = text.rsplit_once("/setup#")?;
    Some(rest.chars().take_while(char::is_ascii_hexdigit).collect())
}

fn set_up(daemon: &Daemon, body: &Value) -> Response {
    post(daemon, "/api/setup", &[], body)
}

#[test]
fn the_first_start_shows_a_link_by_which_the_first_admin_begins_once() {
    let mut daemon = Daemon::with_config("");
    daemon.terminate();
    let first = token_of(&daemon.log()).expect("a link in the log");
    daemon.restart();
    daemon.terminate();
    daemon.restart();
    let mut shown = daemon.log().matches("/setup#").count();
    while shown < 3 {
        std::thread::sleep(std::time::Duration::from_millis(20));
        shown = daemon.log().matches("/setup#").count();
    }
    let token = token_of(&daemon.log()).expect("a link of the newest start");
    assert_ne!(first, token);
    let adi = |token: &str| json!({"token": token, "name": "Adi", "email": "adi@desk.example", "password": PASSWORD});
    expect(401, &set_up(&daemon, &adi(&first)));
    expect(401, &set_up(&daemon, &adi("guess")));
    let nameless = json!({"token": token, "password": PASSWORD});
    assert_eq!(expect(400, &set_up(&daemon, &nameless))["errors"][0]["field"], "name");
    let weak =
        json!({"token": token, "name": "Adi", "email": "adi@desk.example", "password": "adi"});
    assert_eq!(expect(400, &set_up(&daemon, &weak))["errors"][0]["field"], "password");
    let told = expect(200, &set_up(&daemon, &adi(&token)));
    assert_eq!(told["agent"]["role"], "admin");
    expect(200, &get(&daemon, &member(&told, "access_token"), "/api/tokens"));
    expect(401, &set_up(&daemon, &adi(&token)));
    access(&daemon, "adi@desk.example");
    // Now that there is somebody, no start shows one.
    daemon.restart();
    daemon.terminate();
    assert_eq!(daemon.log().matches("/setup#").count(), shown);
}

#[test]
fn an_admin_adds_people_who_choose_their_own_password() {
    let daemon = Daemon::with_config("");
    let admin = access(&daemon, &person(&daemon, "Adi", "admin"));
    let add = |body: Value| ask(&daemon, &admin, "POST", "/api/agents", Some(&body));
    let dewi = json!({"name": "Dewi", "email": "Dewi@Desk.example", "role": "agent"});
    let made = expect(201, &add(dewi.clone()));
    assert_eq!(
        (&made["agent"]["email"], &made["agent"]["has_password"]),
        (&json!("dewi@desk.example"), &json!(false))
    );
    expect(409, &add(dewi));
    for (field, wrong) in [("email", "dewi"), ("role", "boss"), ("name", " ")] {
        let mut body = json!({"name": "Budi", "email": "budi@desk.example", "role": "agent"});
        body[field] = json!(wrong);
        assert_eq!(expect(400, &add(body))["errors"][0]["field"], field);
    }
    let link = member(&made, "link");
    assert!(link.starts_with(&format!("http://{}/setup#", daemon.address())), "{link}");
    let token = token_of(&link).expect("a token");
    let used = expect(200, &set_up(&daemon, &json!({"token": token, "password": PASSWORD})));
    assert_eq!(used["agent"]["name"], "Dewi");
    // A forgotten password: a new link, and the old ones and old sessions are gone.
    let path = format!("/api/agents/{}/link", made["agent"]["id"]);
    let first = member(&expect(201, &ask(&daemon, &admin, "POST", &path, None)), "link");
    let second = member(&expect(201, &ask(&daemon, &admin, "POST", &path, None)), "link");
    let [first, second] = [first, second].map(|link| token_of(&link).expect("a token"));
    expect(401, &set_up(&daemon, &json!({"token": first, "password": PASSWORD})));
    expect(200, &get(&daemon, &member(&used, "access_token"), "/api/auth/me"));
    expect(200, &set_up(&daemon, &json!({"token": second, "password": PASSWORD, "cookie": true})));
    expect(401, &get(&daemon, &member(&used, "access_token"), "/api/auth/me"));
    // Colleagues know each other by name; their addresses are for admins.
    let list = |token: &str| expect(200, &get(&daemon, token, "/api/agents"))["agents"].clone();
    let dewi = access(&daemon, "dewi@desk.example");
    assert_eq!(list(&dewi)[0], json!({"id": 1, "name": "Adi", "role": "admin", "disabled": false}));
    assert_eq!(list(&admin)[1]["email"], "dewi@desk.example");
}

fn told(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn the_command_line_keeps_people_whether_the_daemon_runs_or_not() {
    let mut daemon = Daemon::with_config("");
    let adi = person(&daemon, "Adi", "admin");
    daemon.terminate();
    let budi = person(&daemon, "Budi", "agent");
    let link = cli(
        &daemon,
        &[
            "user",
            "add",
            "--name",
            "Cici",
            "--email",
            "c@desk.example",
            "--role",
            "agent",
            "--link",
        ],
        "",
    );
    let link = token_of(&told(&link)).expect("a link");
    daemon.restart();
    expect(200, &set_up(&daemon, &json!({"token": link, "password": PASSWORD})));
    access(&daemon, &budi);
    let list = told(&cli(&daemon, &["user", "list"], ""));
    let lines: Vec<_> = list.lines().collect();
    assert_eq!(lines[0], format!("1\tactive\tadmin\t{adi}\t-\tAdi"));
    assert_eq!(lines.len(), 3, "{list}");
    assert!(cli(&daemon, &["user", "disable", &budi], "").status.success());
    assert!(told(&cli(&daemon, &["user", "list"], "")).contains("\tdisabled\t"));
    assert!(cli(&daemon, &["user", "enable", &budi], "").status.success());
    access(&daemon, &budi);
    // Somebody has to hold the keys.
    for last in [&["user", "disable", &adi][..], &["user", "role", &adi, "agent"]] {
        let refused = cli(&daemon, last, "");
        assert!(
            !refused.status.success() && told(&refused).contains("last admin"),
            "{}",
            told(&refused)
        );
    }
    for (wrong, why) in [
        (&["user", "role", &budi, "boss"][..], "agent, supervisor or admin"),
        (&["user", "disable", "nobody@desk.example"], "nobody has the e-mail"),
        (&["user", "passwd", &budi], "--password-stdin or --link"),
        (&["user", "passwd", &budi, "--password-stdin"], "must have 10"),
    ] {
        let refused = cli(&daemon, wrong, "short");
        assert!(!refused.status.success() && told(&refused).contains(why), "{}", told(&refused));
    }
}

#[test]
fn whom_a_token_acted_for_becomes_a_person_with_the_same_tickets() {
    let daemon = Daemon::with_config("");
    let token = daemon.token_named("Dewi", "agent");
    let opened = ask(&daemon, &token, "POST", "/api/calls", Some(&json!({"session_id": "s-1"})));
    let call = member(&expect(201, &opened)["data"], "ticket_id");
    expect(
        200,
        &ask(&daemon, &token, "POST", &format!("/api/calls/{call}/close"), Some(&json!({}))),
    );
    expect(200, &ask(&daemon, &token, "POST", &format!("/api/tickets/{call}/reopen"), None));
    expect(200, &ask(&daemon, &token, "POST", &format!("/api/tickets/{call}/claim"), None));
    let access = access(&daemon, &person(&daemon, "Dewi", "agent"));
    let mine = expect(200, &get(&daemon, &access, "/api/tickets/my-tickets"));
    assert_eq!(mine["tickets"].as_array().map(Vec::len), Some(1), "{mine}");
}
