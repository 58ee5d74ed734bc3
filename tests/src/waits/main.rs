//! A program under test: it waits in every way that Rust's standard library and tokio have, and says how long each
//! took by its own clocks. One line each: what, how long, and how long it was to be, in seconds.
#![expect(clippy::disallowed_methods, reason = "an ordinary program, which asks the machine for the time")]
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "an ordinary program")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Condvar, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

fn measure(what: &str, wanted: f64, wait: impl FnOnce(Duration)) {
    let (began, date) = (Instant::now(), SystemTime::now());
    wait(Duration::from_secs_f64(wanted));
    let (took, passed) = (began.elapsed().as_secs_f64(), date.elapsed().unwrap().as_secs_f64());
    println!("{what}\t{took:.6}\t{wanted}");
    println!("{what}, by date\t{passed:.6}\t{wanted}");
}

fn main() {
    measure("sleep", 30.0, thread::sleep);
    measure("condvar", 4.0, |wait| {
        let (lock, condvar) = (Mutex::new(()), Condvar::new());
        drop(condvar.wait_timeout_while(lock.lock().unwrap(), wait, |()| true).unwrap());
    });
    measure("park", 5.0, |wait| {
        let end = Instant::now() + wait;
        while Instant::now() < end {
            thread::park_timeout(end.saturating_duration_since(Instant::now()));
        }
    });
    measure("channel", 60.0, |wait| {
        let (_sender, receiver) = mpsc::channel::<()>();
        assert!(receiver.recv_timeout(wait).is_err());
    });
    measure("unpark", 2.0, |wait| {
        let here = thread::current();
        let other = thread::spawn(move || {
            thread::sleep(wait);
            here.unpark();
        });
        thread::park_timeout(Duration::from_secs(100));
        other.join().unwrap();
    });
    measure("read", 7.0, |wait| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        stream.set_read_timeout(Some(wait)).unwrap();
        assert!(stream.read(&mut [0]).is_err());
    });
    measure("tokio", 9.0, |wait| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let slow = tokio::spawn(tokio::time::sleep(Duration::from_secs(1000)));
            assert!(tokio::time::timeout(wait, slow).await.is_err());
        });
        runtime.shutdown_background();
    });
    ask();
}

/// One request, so that there is something to judge.
fn ask() {
    let endpoint = std::env::var("BROWNOUT_ENDPOINT").unwrap();
    let mut stream = TcpStream::connect(endpoint.trim_start_matches("http://")).unwrap();
    let head = "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: DynamoDB_20120810.ListTables\r\nconnection: close";
    stream.write_all(format!("{head}\r\ncontent-length: 2\r\n\r\n{{}}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
}
