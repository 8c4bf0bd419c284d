"""Which request is which operation of RunPod's API v2, who may ask for it, and what it is answered with."""

from __future__ import annotations

import json
import re
import time
from dataclasses import dataclass, field

from runpod_account import Account, Key
from runpod_billing import list_pod_billing
from runpod_book import Book, Json, Request
from runpod_cloud import Cloud
from runpod_limits import RateLimits
from runpod_order import LARGEST_BYTES
from runpod_schema import check
from runpod_wire import Answer, Problem

ROUTES = [
    ("GET", "/v2/pods", "listPods"),
    ("POST", "/v2/pods", "createPod"),
    ("GET", "/v2/pods/{id}", "getPod"),
    ("PATCH", "/v2/pods/{id}", "updatePod"),
    ("DELETE", "/v2/pods/{id}", "deletePod"),
    ("POST", "/v2/pods/{id}/action", "podAction"),
    ("GET", "/v2/pods/{id}/logs", "getPodLogs"),
    ("GET", "/v2/catalog/gpus", "listGpuTypes"),
    ("GET", "/v2/catalog/gpus/{id}", "getGpuType"),
    ("GET", "/v2/catalog/datacenters", "listDataCenters"),
    ("GET", "/v2/catalog/datacenters/{id}", "getDataCenter"),
    ("GET", "/v2/billing/pods", "listPodBilling"),
    ("GET", "/v2/network-volumes", "listNetworkVolumes"),
    ("POST", "/v2/network-volumes", "createNetworkVolume"),
    ("GET", "/v2/network-volumes/{id}", "getNetworkVolume"),
    ("PATCH", "/v2/network-volumes/{id}", "updateNetworkVolume"),
    ("DELETE", "/v2/network-volumes/{id}", "deleteNetworkVolume"),
    ("GET", "/v2/registries", "listRegistries"),
    ("POST", "/v2/registries", "createRegistry"),
    ("GET", "/v2/registries/{id}", "getRegistry"),
    ("DELETE", "/v2/registries/{id}", "deleteRegistry"),
    ("GET", "/v2/templates", "listTemplates"),
    ("POST", "/v2/templates", "createTemplate"),
    ("GET", "/v2/templates/{id}", "getTemplate"),
    ("DELETE", "/v2/templates/{id}", "deleteTemplate"),
    ("GET", "/v2/secrets", "listSecrets"),
    ("POST", "/v2/secrets", "createSecret"),
    ("GET", "/v2/secrets/{id}", "getSecret"),
    ("DELETE", "/v2/secrets/{id}", "deleteSecret"),
]
PATTERNS = [
    (method, re.compile(path.replace("{id}", "(.+)" if "catalog" in path else "([^/]+)")), operation)
    for method, path, operation in ROUTES
]
KINDS = {"NetworkVolume": "volumes", "Registry": "registries", "Template": "templates", "Secret": "secrets"}
LISTS = {
    "listNetworkVolumes": ("volumes", "networkVolumes"),
    "listRegistries": ("registries", "registries"),
    "listTemplates": ("templates", "templates"),
    "listSecrets": ("secrets", "secrets"),
}


@dataclass
class RunPod:
    """The API, behind its edge."""

    book: Book
    account: Account
    cloud: Cloud
    limits: RateLimits
    expired: set[str] = field(default_factory=set)
    """Keys that are known, and no longer let in."""
    admits_pods: bool = True
    """Whether a pod's own key may do anything."""

    def admit(self, request: Request, body: bytes) -> None:
        """Raises: Problem."""
        if not request.headers.get("user-agent"):
            raise Problem(403, "Forbidden")
        if request.path.startswith("/v1/"):
            raise Problem(410, "REST v1 was retired on 2026-11-15")
        key = self._key(request)
        request.key = key.name
        request.limits, exhausted, retry_after_s = self.limits.count()
        if exhausted is not None:
            detail = f"rate limit exceeded for the {exhausted.name} window"
            raise Problem(429, detail, headers={"Retry-After": str(retry_after_s)})
        methods = {}
        for method, pattern, operation in PATTERNS:
            if match := pattern.fullmatch(request.path):
                methods[method] = operation, (match.groups() or ("",))[0]
        if methods and request.method not in methods:
            raise Problem(405, "method not allowed", headers={"Allow": ", ".join(methods)})
        if not methods:
            raise Problem(404, "resource not found")
        request.operation, id_ = methods[request.method]
        request.pod_id = id_ if "/v2/pods/" in request.path else ""
        self._check_rights(key, request)
        self._check_body(request, body)

    def busy(self, request: Request, wait_s: float) -> Problem:
        """429 as if the first window were used up."""
        headers, retry_after_s = self.limits.exhaust(wait_s)
        request.limits = headers
        detail = "rate limit exceeded for the minute window"
        return Problem(429, detail, headers={"Retry-After": str(retry_after_s)})

    def answer(self, request: Request) -> Answer:
        """Raises: Problem."""
        operation, id_, body = request.operation, request.path.rsplit("/", 1)[-1], request.body
        if request.pod_id or operation == "createPod":
            return self._pod(request)
        if operation == "listPods":
            page = self.cloud.listed(dict(request.query))
            return Answer.of_json(page | {"pods": []} if request.fault == "omits" else page)
        if operation == "listPodBilling":
            every_s, pods = self.cloud.timing.billing_every_s, list(self.cloud.pods.values())
            return Answer.of_json(list_pod_billing(pods, dict(request.query), every_s=every_s))
        if "/catalog/" in request.path:
            return self._catalog(request)
        if operation in LISTS:
            kind, key = LISTS[operation]
            entries = list(getattr(self.account, kind).values())
            return Answer.of_json({key: [e for e in entries if request.query.get("name", e["name"]) == e["name"]]})
        return self._belonging(operation, id_, body)

    def _pod(self, request: Request) -> Answer:
        cloud, id_, body, really = self.cloud, request.pod_id, request.body, request.fault != "not_done"
        if request.operation == "createPod":
            pod = cloud.create(body, request.key)
            request.pod_id = pod.id
            return Answer.of_json(pod.json(), status=201)
        if request.operation == "getPod":
            return Answer.of_json(cloud.find(id_).json())
        if request.operation == "updatePod":
            return Answer.of_json(cloud.update(id_, body).json())
        if request.operation == "deletePod":
            cloud.delete(id_, request.key, really=really)
            return Answer(204)
        if request.operation == "podAction":
            acted = cloud.act(id_, body["action"], request.key, really=really)
            return Answer.of_json(acted.json()) if acted is not None else Answer(204)
        pod = cloud.find(id_)
        last = request.headers.get("last-event-id", "")
        frames = pod.log.frames(dict(request.query), last, is_over=lambda: not pod.is_seen(time.time()))
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        return Answer(200, content_type="text/event-stream", headers=headers, frames=frames)

    def _catalog(self, request: Request) -> Answer:
        catalog, query, id_ = self.account.catalog, dict(request.query), request.path.split("/", 4)[-1]
        if request.operation == "listGpuTypes":
            return Answer.of_json({"gpus": catalog.list_gpus(query)})
        if request.operation == "getGpuType":
            return Answer.of_json(catalog.get_gpu(id_, query))
        if request.operation == "listDataCenters":
            return Answer.of_json({"dataCenters": catalog.list_data_centers(query)})
        if id_ not in catalog.data_centers:
            raise Problem(404, "resource not found")
        return Answer.of_json(catalog.data_center_json(catalog.data_centers[id_], query))

    def _belonging(self, operation: str, id_: str, body: Json) -> Answer:
        account = self.account
        verb, kind = re.findall("^[a-z]+|[A-Z].*", operation)
        if verb == "get":
            return Answer.of_json(account.find(KINDS[kind], id_))
        if verb == "delete":
            used = [pod for pod in self.cloud.pods.values() if pod.is_left and pod.config["registry"] == id_]
            if kind == "Registry" and used:
                raise Problem(400, f"registry {id_} is in use")
            account.drop(KINDS[kind], id_)
            return Answer(204)
        if verb == "update":
            return Answer.of_json(account.update_volume(id_, body))
        if kind == "Secret":
            return Answer.of_json(account.create_secret(body, time.time()), status=201)
        create = {
            "NetworkVolume": account.create_volume,
            "Registry": account.create_registry,
            "Template": account.create_template,
        }
        return Answer.of_json(create[kind](body), status=201)

    def _key(self, request: Request) -> Key:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not token:
            raise Problem(401, "missing bearer token")
        key = self.account.keys.get(token)
        if key is None or token in self.expired:
            raise Problem(401, "invalid bearer token")
        return key

    def _check_rights(self, key: Key, request: Request) -> None:
        """A key that only reads may only GET; a pod's key may GET and terminate that pod, and nothing else."""
        own = bool(key.pod_id) and key.pod_id == request.pod_id and self.admits_pods
        ends_itself = request.operation == "podAction" and request.body.get("action") == "terminate"
        allowed = (own and (request.operation == "getPod" or ends_itself)) if key.pod_id else True
        if not allowed or (not key.writes and request.method != "GET"):
            raise Problem(403, "access denied")

    def _check_body(self, request: Request, body: bytes) -> None:
        if len(body) > LARGEST_BYTES:
            raise Problem(413, "request body is larger than 102400 bytes")
        if request.method in ("POST", "PATCH"):
            try:
                check(request.operation, json.loads(body))
            except ValueError:
                raise Problem(400, "request body is not valid JSON") from None
