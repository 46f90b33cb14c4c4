//! An SMTP server that keeps what it is given, and fails as it is told.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How a mail fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Does {
    Takes,
    /// The recipient is refused with these words.
    Refuses(&'static str),
    /// Keeps the mail and hangs up without a word.
    TakesAndDrops,
}

#[derive(Clone, Debug)]
pub struct Mail {
    pub from: String,
    pub to: Vec<String>,
    /// As it came, with `\r\n`.
    pub raw: String,
}

impl Mail {
    /// A header, unfolded; empty if it is not there.
    pub fn header(&self, name: &str) -> String {
        let head = self.raw.split("\r\n\r\n").next().unwrap_or_default();
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let found = unfolded.lines().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        });
        found.unwrap_or_default()
    }
}

type Moods = dyn Fn(&Mail, usize) -> Does + Send + Sync;

pub struct Sink {
    pub port: u16,
    taken: Arc<Mutex<Vec<Mail>>>,
}

impl Sink {
    /// `does` is asked for each attempt with what is known before the data, and the number of attempts before.
    pub fn start(does: impl Fn(&Mail, usize) -> Does + Send + Sync + 'static) -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("its port").port();
        let taken: Arc<Mutex<Vec<Mail>>> = Arc::default();
        let attempts: Arc<Mutex<usize>> = Arc::default();
        let does: Arc<Moods> = Arc::new(does);
        let kept = Arc::clone(&taken);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (kept, attempts, does) =
                    (Arc::clone(&kept), Arc::clone(&attempts), Arc::clone(&does));
                thread::spawn(move || drop(serve(stream, &kept, &attempts, &*does)));
            }
        });
        Sink { port, taken }
    }

    /// For mails that a server of somebody else's takes: nothing comes here.
    pub fn elsewhere(port: u16) -> Sink {
        Sink { port, taken: Arc::default() }
    }

    pub fn taken(&self) -> Vec<Mail> {
        self.taken.lock().expect("the mails").clone()
    }

    /// Waits until so many mails have come.
    #[track_caller]
    pub fn until(&self, count: usize) -> Vec<Mail> {
        let began = Instant::now();
        loop {
            let taken = self.taken();
            if taken.len() >= count {
                return taken;
            }
            assert!(
                began.elapsed() < Duration::from_secs(30),
                "{} of {count} mails came",
                taken.len()
            );
            thread::sleep(Duration::from_millis(20));
        }
    }
}

fn serve(
    stream: TcpStream,
    taken: &Mutex<Vec<Mail>>,
    attempts: &Mutex<usize>,
    does: &Moods,
) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let mut out = stream.try_clone()?;
    let mut lines = BufReader::new(stream);
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes());
    say("220 sink.example ESMTP")?;
    let mut mail = Mail { from: String::new(), to: Vec::new(), raw: String::new() };
    let mut mood = Does::Takes;
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end();
        let address = || {
            line.split('<').nth(1).and_then(|rest| rest.split('>').next()).unwrap_or("").to_owned()
        };
        match line.split(' ').next().unwrap_or_default().to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => say("250-sink.example\r\n250 8BITMIME")?,
            "MAIL" => {
                mail = Mail { from: address(), to: Vec::new(), raw: String::new() };
                say("250 ok")?;
            }
            "RCPT" => {
                mail.to.push(address());
                let mut attempts = attempts.lock().expect("the count");
                mood = does(&mail, *attempts);
                *attempts += 1;
                match mood {
                    Does::Refuses(words) => say(words)?,
                    _ => say("250 ok")?,
                }
            }
            "DATA" => {
                say("354 go on")?;
                loop {
                    let mut line = String::new();
                    if lines.read_line(&mut line)? == 0 {
                        return Ok(());
                    }
                    if line.trim_end() == "." {
                        break;
                    }
                    mail.raw.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                taken.lock().expect("the mails").push(mail.clone());
                if mood == Does::TakesAndDrops {
                    return Ok(());
                }
                say("250 kept")?;
            }
            "QUIT" => {
                say("221 bye")?;
                return Ok(());
            }
            _ => say("250 ok")?,
        }
    }
}
