//! Chromium as its users have it, driven over WebDriver (W3C) by `chromedriver`.
//!
//! Everything blocks and nothing waits for ever: what does not come fails the test and says what it waited for.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);
/// How WebDriver names what is an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
pub const ENTER: &str = "\u{e007}";
pub const CONTROL: &str = "\u{e009}";

/// A running chromedriver; it ends with its test, and its browsers with it.
pub struct Driver {
    child: Child,
    address: String,
}

impl Driver {
    /// None, and a word on why, where there is no Chromium.
    pub fn start() -> Option<Driver> {
        Driver::with_home(None)
    }

    /// With a home directory in which its browsers look for authorities that they trust.
    pub fn with_home(home: Option<&Path>) -> Option<Driver> {
        // Two that start at once may choose the same port; the one that comes late gives up.
        (0..10)
            .find_map(|_| Driver::try_with_home(home).transpose())
            .expect("chromedriver's port")
            .ok()
    }

    /// None where it has given up; an error, and a word on why, where there is no Chromium.
    fn try_with_home(home: Option<&Path>) -> Result<Option<Driver>, ()> {
        let mut command = Command::new("chromedriver");
        if let Some(home) = home {
            command.env("HOME", home);
        }
        let started = command.arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(why) => {
                eprintln!("skipped: apt-get install chromium chromium-driver: {why}");
                return Err(());
            }
        };
        let told = BufReader::new(child.stdout.take().expect("its stdout"));
        let mut lines = told.lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        std::thread::spawn(move || lines.for_each(drop));
        let Some(port) = port else {
            drop(child.wait());
            return Ok(None);
        };
        Ok(Some(Driver { child, address: format!("127.0.0.1:{port}") }))
    }

    /// A window with a profile of its own.
    pub fn browser(&self) -> Browser {
        self.open(json!({"browser": "ALL"}), json!({}))
    }

    /// One whose browser keeps a trace of these categories, for [`Browser::trace`].
    pub fn traced(&self, categories: &str) -> Browser {
        let kept =
            json!({"enableNetwork": false, "enablePage": false, "traceCategories": categories});
        self.open(
            json!({"browser": "ALL", "performance": "ALL"}),
            json!({"perfLoggingPrefs": kept}),
        )
    }

    fn open(&self, logs: Value, mut options: Value) -> Browser {
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--lang=en-GB",
            "--disable-dev-shm-usage",
        ];
        options["args"] = json!(arguments);
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:loggingPrefs": logs,
            "unhandledPromptBehavior": "ignore",
            "goog:chromeOptions": options,
        }}});
        let made = ask(&self.address, "POST", "/session", Some(&wanted));
        let id = made["sessionId"].as_str().unwrap_or_else(|| panic!("no session: {made}"));
        let browser = Browser { address: self.address.clone(), session: format!("/session/{id}") };
        browser.size(1440, 900);
        browser
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

pub struct Browser {
    address: String,
    session: String,
}

/// chromedriver leaves the connection open behind its answer, so it is read by its length.
fn exchange(address: &str, method: &str, path: &str, body: &str) -> io::Result<Value> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE * 2))?;
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes())?;
    let mut reader = BufReader::new(stream);
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line)? > 0 && line.trim() != "" {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    serde_json::from_slice(&body).map_err(io::Error::other)
}

/// What the driver answers; what it refuses with its kind of error first.
fn answer(address: &str, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
    let answer = exchange(address, method, path, &body.map(Value::to_string).unwrap_or_default());
    let mut answer = answer.unwrap_or_else(|e| panic!("{method} {path}: {e}"));
    let answer = answer["value"].take();
    if let Some(error) = answer["error"].as_str() {
        let message: String =
            answer["message"].as_str().unwrap_or_default().chars().take(600).collect();
        return Err(format!("{error}: {message}"));
    }
    Ok(answer)
}

fn ask(address: &str, method: &str, path: &str, body: Option<&Value>) -> Value {
    answer(address, method, path, body).unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

impl Browser {
    fn post(&self, path: &str, body: &Value) -> Value {
        ask(&self.address, "POST", &format!("{}{path}", self.session), Some(body))
    }

    pub fn go(&self, url: &str) {
        self.post("/url", &json!({"url": url}));
    }

    /// What a function's body returns in the page.
    pub fn script(&self, body: &str) -> Value {
        self.post("/execute/sync", &json!({"script": body, "args": []}))
    }

    /// The same of a body that calls its last argument when it is done.
    pub fn async_script(&self, body: &str) -> Value {
        self.post("/execute/async", &json!({"script": body, "args": []}))
    }

    /// Waits until an expression is truthy in the page; gives what it is.
    #[track_caller]
    pub fn until(&self, what: &str, expression: &str) -> Value {
        let began = Instant::now();
        loop {
            let value = self.script(&format!("return ({expression})"));
            if !matches!(value, Value::Null | Value::Bool(false)) && value != "" && value != 0 {
                return value;
            }
            if began.elapsed() > PATIENCE {
                let shown = self.script("return location.href + '\\n' + document.body.innerText");
                let shown = shown.as_str().unwrap_or_default();
                panic!(
                    "waited {PATIENCE:?} for {what}; shown: {shown}; told: {:?}",
                    self.console()
                );
            }
            sleep(Duration::from_millis(30));
        }
    }

    /// Waits until a text stands somewhere in what a selector finds.
    #[track_caller]
    pub fn sees(&self, selector: &str, text: &str) {
        let wanted = json!(text);
        let among = format!(
            "[...document.querySelectorAll({})].some((e) => e.innerText.includes({wanted}))",
            json!(selector)
        );
        self.until(&format!("{text:?} in {selector}"), &among);
    }

    /// The element, once it is there and shown.
    #[track_caller]
    fn element(&self, selector: &str) -> String {
        let selector = json!(selector);
        let shown = format!("document.querySelector({selector})?.checkVisibility()");
        self.until(&format!("{selector}"), &shown);
        let found = self.post("/element", &json!({"using": "css selector", "value": selector}));
        found[ELEMENT].as_str().expect("an element").to_owned()
    }

    #[track_caller]
    pub fn click(&self, selector: &str) {
        self.with(selector, "click", &json!({}));
    }

    #[track_caller]
    pub fn write(&self, selector: &str, text: &str) {
        self.with(selector, "value", &json!({"text": text}));
    }

    /// Does something with an element. A page that is told news may draw it anew just then: the new one is taken.
    #[track_caller]
    fn with(&self, selector: &str, what: &str, body: &Value) {
        let began = Instant::now();
        loop {
            let element = self.element(selector);
            let path = format!("{}/element/{element}/{what}", self.session);
            match answer(&self.address, "POST", &path, Some(body)) {
                Ok(_) => return,
                Err(error) if error.starts_with("stale") && began.elapsed() < PATIENCE => {}
                Err(error) => panic!("{what} {selector}: {error}"),
            }
        }
    }

    /// Presses keys, one after the other, wherever the focus is; the first is held when there are `held` ones.
    pub fn press(&self, keys: &[&str]) {
        let down = |key: &&str| json!({"type": "keyDown", "value": key});
        let up = |key: &&str| json!({"type": "keyUp", "value": key});
        let held = keys.len() > 1 && keys[0] == CONTROL;
        let actions: Vec<Value> = if held {
            keys.iter().map(down).chain(keys.iter().rev().map(up)).collect()
        } else {
            keys.iter().flat_map(|key| [down(key), up(key)]).collect()
        };
        let keyboard = json!({"type": "key", "id": "keyboard", "actions": actions});
        self.post("/actions", &json!({"actions": [keyboard]}));
    }

    /// Presses and lets go the mouse at a place of the window.
    pub fn click_at(&self, x: u32, y: u32) {
        let actions = json!([
            {"type": "pointerMove", "x": x, "y": y},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]);
        let mouse = json!({"type": "pointer", "id": "mouse", "actions": actions});
        self.post("/actions", &json!({"actions": [mouse]}));
    }

    /// Events of the browser's own trace so far. It keeps none once it was asked.
    pub fn trace(&self) -> Vec<Value> {
        let lines = self.post("/se/log", &json!({"type": "performance"}));
        let lines = lines.as_array().into_iter().flatten();
        let told =
            lines.filter_map(|line| serde_json::from_str::<Value>(line["message"].as_str()?).ok());
        let traced = told.filter(|told| told["message"]["method"] == "Tracing.dataCollected");
        traced.map(|mut told| told["message"]["params"].take()).collect()
    }

    pub fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({"cmd": command, "params": parameters}))
    }

    pub fn size(&self, width: u32, height: u32) {
        let screen = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500});
        self.devtools("Emulation.setDeviceMetricsOverride", &screen);
    }

    /// light or dark
    pub fn scheme(&self, scheme: &str) {
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", &media);
    }

    /// Keeps a picture of the window below `target/screenshots`.
    pub fn picture(&self, name: &str) {
        use base64::Engine;
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../screenshots");
        std::fs::create_dir_all(&folder).expect("a folder");
        let shot = ask(&self.address, "GET", &format!("{}/screenshot", self.session), None);
        let bytes =
            base64::engine::general_purpose::STANDARD.decode(shot.as_str().expect("a picture"));
        std::fs::write(folder.join(format!("{name}.png")), bytes.expect("base64"))
            .expect("written");
    }

    /// Errors that the console has told since it was last asked: of scripts, of the policy, of what did not load.
    pub fn console(&self) -> Vec<String> {
        let lines = self.post("/se/log", &json!({"type": "browser"}));
        let severe =
            lines.as_array().into_iter().flatten().filter(|line| line["level"] == "SEVERE");
        severe.map(|line| format!("{}: {}", line["source"], line["message"])).collect()
    }

    /// The same without answers of the API that say no, as in a race that somebody has to lose.
    pub fn faults(&self) -> Vec<String> {
        let refusals = |line: &String| !line.starts_with("\"network\"");
        self.console().into_iter().filter(refusals).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // While a test fails, a second failure here would hide the first.
        let _ = exchange(&self.address, "DELETE", &self.session, "");
    }
}
