//! A second factor: an authenticator app's codes and the codes for when it is lost.

use super::*;
use crate::authenticator::App;

#[test]
fn a_second_factor_is_asked_for_each_code_once_and_recovery_lets_in_without_it() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Dewi", "agent");
    let token = access(&daemon, &email);
    let own =
        |method: &str, path: &str, body: Value| ask(&daemon, &token, method, path, Some(&body));
    expect(400, &own("POST", "/api/auth/totp", json!({"password": "not this one"})));
    let offered = expect(200, &own("POST", "/api/auth/totp", json!({"password": PASSWORD})));
    let secret = member(&offered, "secret");
    let uri = format!("otpauth://totp/frontdesk:{email}?secret={secret}&issuer=frontdesk");
    assert_eq!(member(&offered, "uri"), uri);
    let mut app = App::of(&secret);
    assert_eq!(secret.len(), 32, "20 bytes");

    // As long as no code was shown, nothing is asked for.
    let plain = json!({"email": email, "password": PASSWORD});
    expect(200, &try_login(&daemon, &plain));
    let wrong = own("POST", "/api/auth/totp/confirm", json!({"code": "000000"}));
    assert_eq!(expect(400, &wrong)["errors"][0]["field"], "code");
    let confirmed =
        expect(200, &own("POST", "/api/auth/totp/confirm", json!({"code": app.next()})));
    let recovery = confirmed["recovery_codes"].as_array().expect("codes").clone();
    assert_eq!(recovery.len(), 10);
    expect(409, &own("POST", "/api/auth/totp", json!({"password": PASSWORD})));

    let asked = expect(401, &try_login(&daemon, &plain));
    assert_eq!(asked["totp_required"], true, "{asked}");
    let with = |code: &str| json!({"email": email, "password": PASSWORD, "totp": code});
    let code = app.next();
    let told = expect(200, &try_login(&daemon, &with(&code)));
    assert_eq!(told["agent"]["totp"], true);
    // Over a shoulder, or from a proxy's log: the same code lets nobody in again.
    let again = expect(401, &try_login(&daemon, &with(&code)));
    assert_eq!(again["totp_required"], true);
    let spent = recovery[0].as_str().expect("a code").to_lowercase().replace('-', "");
    expect(200, &try_login(&daemon, &with(&spent)));
    expect(401, &try_login(&daemon, &with(&spent)));
    // A wrong password learns nothing of the second factor.
    let body = json!({"email": email, "password": "not this one", "totp": recovery[1]});
    assert_eq!(expect(401, &try_login(&daemon, &body))["totp_required"], json!(null));

    expect(204, &own("DELETE", "/api/auth/totp", json!({"password": PASSWORD})));
    expect(200, &try_login(&daemon, &plain));
}

#[test]
fn a_lost_second_factor_is_taken_away_by_an_admin() {
    let daemon = Daemon::with_config("");
    let email = person(&daemon, "Dewi", "agent");
    let admin = access(&daemon, &person(&daemon, "Adi", "admin"));
    let token = access(&daemon, &email);
    let own =
        |path: &str, body: Value| expect(200, &ask(&daemon, &token, "POST", path, Some(&body)));
    let enrol = || {
        let offered = own("/api/auth/totp", json!({"password": PASSWORD}));
        let mut app = App::of(&member(&offered, "secret"));
        own("/api/auth/totp/confirm", json!({"code": app.next()}));
        expect(401, &try_login(&daemon, &json!({"email": email, "password": PASSWORD})));
    };
    enrol();
    let me = expect(200, &get(&daemon, &token, "/api/auth/me"));
    let path = format!("/api/agents/{}/totp", me["agent"]["id"]);
    expect(403, &ask(&daemon, &token, "DELETE", &path, None));
    expect(204, &ask(&daemon, &admin, "DELETE", &path, None));
    access(&daemon, &email);
    enrol();
    assert!(cli(&daemon, &["user", "drop-totp", &email], "").status.success());
    access(&daemon, &email);
}
