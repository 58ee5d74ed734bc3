//! The tasks in which the streams of an HTTP/2 connection are served: a panic in one of them ends the connection,
//! as it does over HTTP/1.1.

use hyper::rt::Executor;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinError;

/// Runs streams, and says which of them panicked.
#[derive(Debug, Clone)]
pub(super) struct Streams(UnboundedSender<JoinError>);

impl Streams {
    /// With what hears of panics.
    pub(super) fn new() -> (Self, UnboundedReceiver<JoinError>) {
        let (tell, panics) = unbounded_channel();
        (Self(tell), panics)
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output: Send> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let served = tokio::spawn(stream);
        let tell = self.0.clone();
        tokio::spawn(async move {
            if let Err(error) = served.await
                && error.is_panic()
            {
                // Nobody hears it if the connection is over already.
                let _ = tell.send(error);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_stream_is_heard_of() {
        let (streams, mut panics) = Streams::new();
        streams.execute(async {});
        streams.execute(async { panic!("a bug") });
        drop(streams);
        assert!(panics.recv().await.is_some_and(|error| error.is_panic()));
        assert!(panics.recv().await.is_none());
    }
}
