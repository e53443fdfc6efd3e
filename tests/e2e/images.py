# SPDX-License-Identifier: Apache-2.0
"""Container images without a registry: an OCI layout around static programs, as `ctr images import` takes it."""

import hashlib
import io
import json
import pathlib
import platform
import subprocess
import tarfile

PROBE_SOURCE = pathlib.Path(__file__).resolve().parents[1] / "integration" / "probe.c"
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
PAUSE = "registry.test/pause:1"
WORKLOAD = "registry.test/workload:1"


def build_probe(directory):
    """Compiles the test program, static; its path."""
    path = pathlib.Path(directory) / "probe"
    subprocess.run(["gcc", "-static", "-O1", "-o", str(path), str(PROBE_SOURCE)], check=True)
    return path


def write_standard_images(directory):
    """The sandbox's image and a workload's, both around the probe; their archives."""
    directory = pathlib.Path(directory)
    probe = build_probe(directory)
    return [
        write_image(directory / "pause.tar", PAUSE, {"/pause": probe}, ["/pause", "--stay"]),
        write_image(directory / "workload.tar", WORKLOAD, {"/probe": probe}, ["/probe", "--stay"]),
    ]


def write_image(archive, reference, files, entrypoint, command=()):
    """One layer with `files` (path in the image: path here; links are followed); `archive`.

    The same input makes the same bytes."""
    layer = _layer(files)
    config = _json({
        "architecture": ARCHITECTURE, "os": "linux",
        "config": {"Entrypoint": list(entrypoint), "Cmd": list(command), "WorkingDir": "/"},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}})
    manifest = _json({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _descriptor("application/vnd.oci.image.config.v1+json", config),
        "layers": [_descriptor("application/vnd.oci.image.layer.v1.tar", layer)]})
    index = _json({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{**_descriptor("application/vnd.oci.image.manifest.v1+json", manifest),
                       "annotations": _named(reference)}]})
    with tarfile.open(archive, "w") as out:
        _add(out, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(out, "index.json", index)
        for blob in (layer, config, manifest):
            _add(out, "blobs/sha256/" + hashlib.sha256(blob).hexdigest(), blob)
    return archive


def copy_as(archive, reference, copy):
    """Copies an OCI archive of one image under another name, as a push to a registry would; `copy`.

    containerd's CRI finds images by names that are complete only."""
    with tarfile.open(archive) as source, tarfile.open(copy, "w") as out:
        for member in source:
            data = source.extractfile(member).read() if member.isfile() else b""
            if member.name == "index.json":
                index = json.loads(data)
                manifest, = index["manifests"]
                manifest["annotations"] = _named(reference)
                data = _json(index)
            member.size = len(data)
            out.addfile(member, io.BytesIO(data))
    return copy


def _named(reference):
    return {"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference}


def _layer(files):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as out:
        made = set()
        for target, source in sorted(files.items()):
            path = pathlib.PurePosixPath(target)
            for parent in reversed(path.parents[:-1]):
                if parent not in made:
                    made.add(parent)
                    entry = tarfile.TarInfo(str(parent).lstrip("/"))
                    entry.type, entry.mode = tarfile.DIRTYPE, 0o755
                    out.addfile(entry)
            source = pathlib.Path(source)
            _add(out, target.lstrip("/"), source.read_bytes(), source.stat().st_mode & 0o777)
    return buffer.getvalue()


def _json(value):
    return json.dumps(value).encode()


def _descriptor(media_type, blob):
    return {"mediaType": media_type, "digest": "sha256:" + hashlib.sha256(blob).hexdigest(), "size": len(blob)}


def _add(out, name, data, mode=0o644):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    out.addfile(entry, io.BytesIO(data))
