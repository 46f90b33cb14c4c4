//! A supervisor's home and the pages of figures, on every screen: drawn, readable as tables, silent, accessible.

use serde_json::{Value, json};

use crate::Place;
use crate::accessible;
use crate::driver::Driver;
use crate::looks::{SIZES, filled, looked};

/// Some tickets that were served, rated and escalated.
fn served(place: &Place) {
    for (at, rating) in [5, 4, 5, 2].into_iter().enumerate() {
        let agent = place.daemon.token_named(["Ana", "Ben"][at % 2], "agent");
        let form = json!({
            "workspace_id": "uuid", "subject": format!("Bill {at}"), "description": "I have a question",
            "requester_email": "john@example.com", "requester_name": "John",
        });
        let told = place.call(&place.admin, "POST", "/api/public/tickets", &form);
        let (id, token) = (told["ticket"]["id"].as_str().unwrap(), &told["accessToken"]);
        let path = format!("/api/tickets/{id}");
        place.call(&agent, "POST", &format!("{path}/claim"), &json!({}));
        let answer = json!({"body": "Here it is", "is_internal": false});
        place.call(&agent, "POST", &format!("{path}/comments"), &answer);
        if at == 1 {
            place.call(&agent, "POST", &format!("{path}/escalate"), &json!({"reason": "too much"}));
            continue;
        }
        place.call(&agent, "POST", &format!("{path}/resolve"), &json!({}));
        let rating = json!({"access_token": token, "rating": rating});
        place.call(
            &place.admin,
            "POST",
            &format!("/api/public/tickets/{id}/satisfaction"),
            &rating,
        );
    }
}

#[test]
fn figures_are_drawn_on_every_screen_and_can_be_read_as_tables() {
    let Some(driver) = Driver::start() else { return };
    let axe = accessible::axe();
    let place = Place::open("");
    let email = place.person("Dewi", "supervisor");
    filled(&place);
    served(&place);
    let browser = driver.browser();
    place.enter(&browser, &email);
    for scheme in ["light", "dark"] {
        browser.scheme(scheme);
        for (width, height) in SIZES {
            browser.size(width, height);
            let look = |name: &str, path: &str, wait: &str| {
                browser.go(&format!("{}{path}", place.url));
                browser.until(name, wait);
                looked(&browser, axe.as_deref(), (width, scheme), name);
            };
            let drawn = "document.querySelector('.cards .card') && !document.querySelector('.figures-body[aria-busy]')";
            look(
                "home",
                "/home",
                "document.querySelectorAll('.tile').length > 8 && document.querySelector('.chart svg')",
            );
            for view in
                ["overview", "volume", "distribution", "agents", "sla", "csat", "peak-hours"]
            {
                look(
                    &format!("figures-{view}"),
                    &format!("/analytics/{view}?range=week&compare=previous"),
                    drawn,
                );
            }
            look(
                "figures-tables",
                "/analytics/agents?table=yes",
                "document.querySelector('.card tbody tr')",
            );
        }
    }
    let told = browser.script("return [...document.querySelectorAll('.card.wide tbody tr')].map((row) => row.cells[0].innerText + ' ' + row.cells[3].innerText)");
    let told: Vec<&str> = told.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(told.contains(&"Ana 2"), "{told:?}");
}
