"""Checks the SigV4 signature of a received request with botocore, which is not our signer."""
import datetime
import hmac
import re

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

FIELDS = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, ?"
    r"SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$"
)
SKEW = datetime.timedelta(minutes=5)


def problem(method, path, headers, body, *, key, secret, service, region=None, token=None, now=None):
    """None when the signature holds, else what is wrong. `path` as it came, with its query;
    `headers` with names in lower case."""
    found = FIELDS.match(headers.get("authorization", ""))
    if not found:
        return "no Authorization header of the right form"
    said_key, day, said_region, said_service, names, signature = found.groups()
    stamp = headers.get("x-amz-date", "")
    if said_key != key:
        return "unknown access key"
    if said_service != service or (region and said_region != region):
        return f"signed for {said_service} in {said_region}"
    if not re.fullmatch(r"\d{8}T\d{6}Z", stamp) or stamp[:8] != day:
        return "X-Amz-Date is missing or of another day"
    signed_at = datetime.datetime.strptime(stamp + "+0000", "%Y%m%dT%H%M%SZ%z")
    if abs((now or datetime.datetime.now(datetime.timezone.utc)) - signed_at) > SKEW:
        return "clock skew"
    if headers.get("x-amz-security-token") != token:
        return "another session token, or none"
    names = names.split(";")
    needed = {"host"} | {name for name in headers if name.startswith("x-amz")}
    if not needed <= set(names):
        return f"not signed: {sorted(needed - set(names))}"
    request = AWSRequest(method, f"http://{headers['host']}{path}",
                         headers={name: headers[name] for name in names}, data=body)
    request.context["timestamp"] = stamp
    signer = S3SigV4Auth if service == "s3" else SigV4Auth
    auth = signer(Credentials(key, secret, token), service, said_region)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    if not hmac.compare_digest(auth.signature(text, request), signature):
        return "signature does not match"
    return None
