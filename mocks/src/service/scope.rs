//! Who signed a request, and for what: the credential scope of SigV4. The signature itself is never checked.

use crate::request::Request;

/// The credential scope of a signature.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) access_key: String,
    /// Absent for SigV4a, which signs for several.
    pub(super) region: Option<String>,
    pub(super) service: String,
}

impl Scope {
    /// Reads `Authorization`, or the query of a presigned URL.
    pub(super) fn of(request: &Request) -> Option<Self> {
        if let Some(header) = request.header("authorization").filter(|h| h.starts_with("AWS4-")) {
            let (_, rest) = header.split_once("Credential=")?;
            return Self::parse(rest.split([',', ' ']).next()?);
        }
        Self::parse(&request.query_value("X-Amz-Credential")?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (access_key, region, service) = match *text.split('/').collect::<Vec<_>>() {
            [access_key, _, region, service, "aws4_request"] => (access_key, Some(region.to_owned()), service),
            [access_key, _, service, "aws4_request"] => (access_key, None, service),
            _ => return None,
        };
        Some(Self { access_key: access_key.to_owned(), region, service: service.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read() {
        let scope = Scope::parse("AKIABROWNOUT00000007/20260101/eu-west-1/ec2/aws4_request").unwrap();
        assert_eq!((scope.access_key.as_str(), scope.service.as_str()), ("AKIABROWNOUT00000007", "ec2"));
        assert_eq!(scope.region.as_deref(), Some("eu-west-1"));
        assert_eq!(Scope::parse("AKID/20260101/s3/aws4_request").unwrap().region, None);
        assert_eq!(Scope::parse("///"), None);
    }
}
