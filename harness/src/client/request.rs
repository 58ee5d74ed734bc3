//! Requests of brownout's own clients: an operation and its input members, in the service's protocol.
