//! The form of the query protocols: nested members flattened into `Name.1.Member=value`.
//!
//! awsQuery puts `member` between a list and its indices. EC2 does not, and names most lists in the
//! singular: `InstanceIds` goes out as `InstanceId.1`. A member that is written flattened already
//! (`InstanceId.1: i-1`) goes out as it is written.

use brownout_mocks::request::percent_encode;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request};
use serde_json::{Map, Value};

use super::scalar;

/// The two ways to flatten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// EC2's.
    Ec2,
    /// Everybody else's.
    Aws,
}

pub(super) fn request(style: Style, version: &str, operation: &str, params: &Map<String, Value>) -> Request<Bytes> {
    let mut form = format!("Action={}&Version={}", percent_encode(operation, false), percent_encode(version, false));
    for (name, value) in params {
        flatten(style, &wire_name(style, name, value), value, &mut form);
    }
    let mut request = Request::new(Bytes::from(form));
    *request.method_mut() = Method::POST;
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(CONTENT_TYPE, form_type);
    request
}

fn flatten(style: Style, name: &str, value: &Value, form: &mut String) {
    match value {
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                let index = i + 1;
                let name =
                    if style == Style::Ec2 { format!("{name}.{index}") } else { format!("{name}.member.{index}") };
                flatten(style, &name, item, form);
            }
        }
        Value::Object(members) => {
            for (member, value) in members {
                flatten(style, &format!("{name}.{}", wire_name(style, member, value)), value, form);
            }
        }
        _ => {
            if let Some(text) = scalar(value) {
                form.push('&');
                form.push_str(&percent_encode(name, false));
                form.push('=');
                form.push_str(&percent_encode(&text, false));
            }
        }
    }
}

/// Lists that EC2's model does not simply name in the singular.
const EC2_LISTS: &[(&str, &str)] = &[
    ("IpPermissions", "IpPermissions"),
    ("IpRanges", "IpRanges"),
    ("Ipv6Ranges", "Ipv6Ranges"),
    ("Ipv6Addresses", "Ipv6Address"),
    ("PrefixListIds", "PrefixListIds"),
    ("PrivateIpAddresses", "PrivateIpAddresses"),
    ("UserIdGroupPairs", "Groups"),
    ("Resources", "ResourceId"),
    ("OwnerIds", "Owner"),
    ("ExecutableUsers", "ExecutableBy"),
];

fn wire_name(style: Style, name: &str, value: &Value) -> String {
    if style == Style::Aws || !value.is_array() {
        return name.to_owned();
    }
    match EC2_LISTS.iter().find(|(model, _)| *model == name) {
        Some((_, wire)) => (*wire).to_owned(),
        None => name.strip_suffix('s').unwrap_or(name).to_owned(),
    }
}
