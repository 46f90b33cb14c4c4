//! Listeners that systemd opened for us (`frontdesk.socket`, sd_listen_fds(3)): how a daemon without
//! privileges answers on port 443, and loses no connection while it is started anew.
//!
//! What always holds: each of them is a TCP socket that listens; anything else stops the start and is named.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{FromRawFd, OwnedFd};

use rustix::net::sockopt::{socket_acceptconn, socket_type};
use rustix::net::{AddressFamily, SocketType, sockopt::socket_domain};

use super::AppError;

/// A unit that passes more is not ours.
const MOST: usize = 16;

/// Takes over the listeners that were passed to this process; none when it was started otherwise.
///
/// Once in the life of a process, and first of all: it is then that the descriptors belong to nobody else.
pub fn take() -> Result<Vec<(TcpListener, SocketAddr)>, AppError> {
    let fail = |e| AppError::Io("the listeners that systemd passed".to_owned(), e);
    let passed = sd_notify::listen_fds_with_names().map_err(fail)?;
    if passed.len() > MOST {
        let text = format!("{} of them, at most {MOST}", passed.len());
        return Err(fail(io::Error::new(io::ErrorKind::InvalidInput, text)));
    }
    let mut listeners = Vec::new();
    for (fd, name) in passed {
        // SAFETY: systemd opened this descriptor for this process (LISTEN_PID was compared) and nothing in
        // it has used it yet.
        #[expect(unsafe_code, reason = "the protocol passes bare numbers")]
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        listeners.push(listener(socket).map_err(|e| AppError::Io(format!("socket {name}"), e))?);
    }
    Ok(listeners)
}

fn listener(socket: OwnedFd) -> io::Result<(TcpListener, SocketAddr)> {
    let family = socket_domain(&socket)?;
    let tcp = [AddressFamily::INET, AddressFamily::INET6].contains(&family)
        && socket_type(&socket)? == SocketType::STREAM
        && socket_acceptconn(&socket)?;
    if !tcp {
        let text =
            "is no listening TCP socket; the socket unit needs ListenStream=PORT and Accept=no";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let listener = TcpListener::from(socket);
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_tcp_socket_is_taken() {
        let own = TcpListener::bind("127.0.0.1:0").unwrap();
        let at = own.local_addr().unwrap();
        let (taken, address) = listener(OwnedFd::from(own)).unwrap();
        assert_eq!(address, at);
        assert_eq!(taken.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn anything_else_is_refused_with_what_the_unit_needs() {
        let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let (local, _other) = std::os::unix::net::UnixStream::pair().unwrap();
        let listening = TcpListener::bind("127.0.0.1:0").unwrap();
        let connected = std::net::TcpStream::connect(listening.local_addr().unwrap()).unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        for socket in [datagrams.into(), local.into(), connected.into()] {
            let refused = listener(socket).unwrap_err().to_string();
            assert!(refused.contains("ListenStream=PORT"), "{refused}");
        }
        assert!(listener(file.into()).is_err());
    }
}
