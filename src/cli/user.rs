//! `frontdesk user`: people.

use std::io::{self, IsTerminal, Read, Write};

use clap::{Args, Subcommand};

use super::ask::ask;
use super::terminal::ask_hidden;
use super::{Failure, Shared};
use crate::admin::user::UserRequest;
use crate::admin::{self, Answer, Request};
use crate::config::Config;

/// Bytes of a password on stdin.
const MAX_INPUT: u64 = 4096;

#[derive(Subcommand)]
pub enum Command {
    /// Add a person; the password is asked for
    Add {
        /// As others see it
        #[arg(long)]
        name: String,
        /// By which they log in
        #[arg(long)]
        email: String,
        /// agent, supervisor or admin
        #[arg(long)]
        role: String,
        #[command(flatten)]
        password: Password,
    },
    /// List people: id, state, role, e-mail, second factor, name
    List,
    /// Set a new password; all their sessions end
    Passwd {
        email: String,
        #[command(flatten)]
        password: Password,
    },
    /// Let a person in no more, at once; what they did keeps their name
    Disable { email: String },
    /// Let a disabled person in again
    Enable { email: String },
    /// Give a person another role: agent, supervisor or admin
    Role { email: String, role: String },
    /// Take a second factor away that was lost
    DropTotp { email: String },
    /// Sign access tokens with a new key from now on
    RotateKeys,
}

/// Where a password comes from; never from the command line, which everybody on the box can read.
#[derive(Args)]
#[group(multiple = false)]
pub struct Password {
    /// Read the password from the first line of stdin
    #[arg(long)]
    password_stdin: bool,
    /// Set none: print a link, good once and for a day, by which they set it themselves
    #[arg(long)]
    link: bool,
}

impl Password {
    fn get(&self) -> Result<Option<String>, Failure> {
        if self.link {
            return Ok(None);
        }
        if self.password_stdin {
            let mut text = String::new();
            io::stdin().lock().take(MAX_INPUT).read_to_string(&mut text)?;
            return Ok(Some(text.lines().next().unwrap_or_default().to_owned()));
        }
        if !io::stdin().is_terminal() {
            let why =
                "there is no terminal to ask for the password on: use --password-stdin or --link";
            return Err(Failure::usage(why));
        }
        let password = ask_hidden("Password: ")?;
        if ask_hidden("The same again: ")? != password {
            return Err(Failure::usage("the two are not the same; nothing was changed"));
        }
        Ok(Some(password))
    }
}

pub fn run(command: &Command, shared: &Shared, out: &mut dyn Write) -> Result<(), Failure> {
    let config = Config::load(&shared.sources())?;
    let role = |text: &str| admin::role(text).map_err(Failure::usage);
    let email = |email: &String| email.clone();
    let request = match command {
        Command::Add { name, email, role: text, password } => UserRequest::Add {
            name: name.clone(),
            email: email.clone(),
            role: role(text)?,
            password: password.get()?,
        },
        Command::List => UserRequest::List,
        Command::Passwd { email: of, password } => {
            UserRequest::Password { email: email(of), password: password.get()? }
        }
        Command::Disable { email: of } => UserRequest::Disable { email: email(of), disabled: true },
        Command::Enable { email: of } => UserRequest::Disable { email: email(of), disabled: false },
        Command::Role { email: of, role: text } => {
            UserRequest::Role { email: email(of), role: role(text)? }
        }
        Command::DropTotp { email: of } => UserRequest::DropSecondFactor { email: email(of) },
        Command::RotateKeys => UserRequest::RotateKeys,
    };
    ask(&config, Request::User(request), |answer| {
        match answer {
            Answer::Link { link } => writeln!(out, "{link}")?,
            Answer::User(line) => {
                let state = match (line.disabled, line.has_password) {
                    (true, _) => "disabled",
                    (false, true) => "active",
                    (false, false) => "invited",
                };
                let factor = if line.second_factor { "totp" } else { "-" };
                let (id, role) = (line.id, line.role.as_str());
                writeln!(out, "{id}\t{state}\t{role}\t{}\t{factor}\t{}", line.email, line.name)?;
            }
            _ => {}
        }
        Ok(())
    })
}
