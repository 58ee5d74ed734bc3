//! TLS on TCP: an authority and a certificate made on the fly, valid around the run's clock.

use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, TlsConnector, client, server};

use super::Stream;

/// Names that a client may call us by; as an address, the loopback ones, and where else we listen.
const NAMES: [&str; 4] = ["localhost", "*.localhost", "127.0.0.1", "::1"];

/// What is spoken inside, in the order that we prefer.
const SPOKEN: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// The certificate of a play, and what clients need to trust it. Cheap to clone.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
    authority: Arc<str>,
    root: CertificateDer<'static>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// A new authority and a certificate of it for this machine and for `host`, valid from the day before `now` for a
    /// year.
    pub fn new(now: SystemTime, host: std::net::IpAddr) -> io::Result<Self> {
        Self::make(now, host).map_err(|why| io::Error::other(format!("no certificate could be made: {why}")))
    }

    fn make(now: SystemTime, host: std::net::IpAddr) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut authority = CertificateParams::default();
        authority.distinguished_name.push(DnType::CommonName, "brownout, for tests only");
        authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        authority.key_usages =
            vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
        around(&mut authority, now);
        let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

        let mut names: Vec<String> = NAMES.iter().map(|&name| name.to_owned()).collect();
        if !host.is_unspecified() && !names.contains(&host.to_string()) {
            names.push(host.to_string());
        }
        let mut leaf = CertificateParams::new(names)?;
        leaf.distinguished_name.push(DnType::CommonName, "brownout");
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        around(&mut leaf, now);
        let key = KeyPair::generate()?;
        let certificate = leaf.signed_by(&key, &issuer)?;

        let key = PrivateKeyDer::try_from(key.serialize_der())?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone(), issuer.der().clone()], key)?;
        config.alpn_protocols = SPOKEN.map(<[u8]>::to_vec).into();
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            authority: issuer.pem().into(),
            root: issuer.der().clone(),
        })
    }

    /// The certificate of the authority, in PEM: what `AWS_CA_BUNDLE` is to name.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Agrees on TLS with a client.
    pub(super) async fn accept<S: Stream>(&self, stream: S) -> io::Result<server::TlsStream<S>> {
        self.acceptor.accept(stream).await
    }

    /// Agrees on TLS with ourselves, for clients in process. `http2` says that nothing else is to be spoken inside.
    pub(super) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        http2: bool,
    ) -> io::Result<client::TlsStream<S>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.clone()).map_err(io::Error::other)?;
        let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![SPOKEN[usize::from(!http2)].to_vec()];
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

/// Valid from the day before, for the clock of a client may be a little behind, and for a year.
fn around(params: &mut CertificateParams, now: SystemTime) {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let now = crate::clock::writable(now);
    params.not_before = now.checked_sub(DAY).unwrap_or(now).into();
    params.not_after = (now + 365 * DAY).into();
}

impl<S: Stream> Stream for server::TlsStream<S> {
    fn arm_reset(&mut self) {
        self.get_mut().0.arm_reset();
    }
}
