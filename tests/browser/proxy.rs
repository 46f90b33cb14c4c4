//! One address in front of a daemon that has another after each start, as a name on the network would be.

use std::io::copy;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

pub struct Proxy {
    pub address: String,
    target: Arc<Mutex<String>>,
}

impl Proxy {
    pub fn to(target: &str) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let target = Arc::new(Mutex::new(target.to_owned()));
        let known = Arc::clone(&target);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let target = known.lock().unwrap_or_else(PoisonError::into_inner).clone();
                // With nobody there, the client sees its connection closed.
                let Ok(server) = TcpStream::connect(&target) else { continue };
                pass(&client, &server);
                pass(&server, &client);
            }
        });
        Proxy { address, target }
    }

    pub fn turn_to(&self, target: &str) {
        *self.target.lock().unwrap_or_else(PoisonError::into_inner) = target.to_owned();
    }
}

fn pass(from: &TcpStream, to: &TcpStream) {
    let (mut from, mut to) =
        (from.try_clone().expect("a handle"), to.try_clone().expect("a handle"));
    thread::spawn(move || {
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}
