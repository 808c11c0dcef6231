"""The files of `deploy/` for several machines: valid for what reads them, and true of QuickML's commands and settings."""

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
import yaml

from nginx_process import CONFIGURATION, filled
from quickml.api import routes
from quickml.cli import server_commands
from quickml.settings import TABLE, Settings, load
from server_process import ROOT

DEPLOY = ROOT / "deploy"
FILES = sorted(
    path for path in DEPLOY.rglob("*") if path.is_file() and path.parent.name not in ("tls", "secrets")
)
TEXTS = {path.relative_to(DEPLOY).as_posix(): path.read_text() for path in FILES}
PAGES = {
    name: (ROOT / "docs" / "how-to" / name).read_text(encoding="utf-8")
    for name in ("deploy.md", "from-a-laptop-to-many-machines.md", "run-workers.md")
}
COMPOSE = yaml.safe_load(TEXTS["compose.many.yaml"])
AWS = TEXTS["aws/quickml.yaml"]
CONTAINER = "/var/lib/quickml"


def variables(text):
    """Settings that a text gives as variables of the environment, with their values."""
    return dict(re.findall(r"\b(QUICKML_[A-Z_]+)[=:] *(\S+)", text))


def options_of(*words):
    """The options that a command has."""
    command = typer.main.get_command(server_commands.app)
    for word in words:
        command = command.commands[word]
    return {option for parameter in command.params for option in parameter.opts}


def command_lines():
    """(file, line) of every command that runs something on servers, or looks at it, in files and pages."""
    found = []
    for name, whole in {**TEXTS, **PAGES}.items():
        text = whole.replace("\\\n", " ")
        lines = re.findall(
            r"(?:^|[/\s'])quickml ((?:serve|workers?|cluster|token create)\b[^#|)\n']*)", text, re.MULTILINE
        )
        lines += re.findall(r"\bcommand='((?:serve|worker)\b[^']*)'", text)
        lines += [
            line.replace(",", " ")
            for line in re.findall(r"\b(?:command|args): \[((?:serve|worker|cluster)\b[^\]]*)\]", text)
        ]
        lines += [
            " ".join(re.findall(r'"([^"]+)"', line))
            for line in re.findall(r"^CMD \[(.+)\]$", text, re.MULTILINE)
        ]
        found += [
            (name, line.strip())
            for line in lines
            if line.strip().startswith(("serve", "worker", "cluster", "token"))
        ]
    return found


LINES = [(name, line) for name, line in command_lines() if "--" in line and "`" not in line]


def flags_of(line):
    """The options of a command line with their values, those of a shell or a template left out."""
    words, found = shlex.split(line), {}
    for index, word in enumerate(words):
        if word.startswith("--"):
            flag, is_joined, value = word.partition("=")
            found[flag] = value if is_joined else " ".join(words[index + 1 : index + 2])
    return found


def test_every_way_to_deploy_starts_servers_and_workers():
    started = {(name, line.split()[0]) for name, line in LINES}
    for name in ("compose.many.yaml", "aws/quickml.yaml"):
        assert {(name, "serve"), (name, "worker")} <= started
    assert ("kuberay/ray.yaml", "cluster") in started
    for name in ("kubernetes/server.yaml", "quickml.service", "Dockerfile"):
        assert (name, "serve") in started
    for name in ("kubernetes/worker.yaml", "quickml-worker@.service", "slurm.sbatch", "Dockerfile"):
        assert (name, "worker") in started


@pytest.mark.parametrize(("name", "line"), LINES)
def test_a_command_has_these_options_and_they_take_these_values(name, line):
    words = line.split()
    flags = flags_of(line)
    assert set(flags) - {"--detach"} <= options_of(*words[: 2 if words[0] == "token" else 1]), name
    rows = {row.flag: row.name for row in TABLE}
    given = {
        rows[flag]: value
        for flag, value in flags.items()
        if flag in rows and not re.search(r"[$%.]{1,3}|^-", value)
    }
    load(
        given | ({"database": "postgresql://x/y"} if "database_password_file" in given else {}),
        environment={},
    )


@pytest.mark.parametrize("name", [name for name, text in TEXTS.items() if variables(text)])
def test_variables_are_settings_with_values_that_they_take(name):
    found = {key: re.sub(r"\$\{[^}]+\}", "1", value) for key, value in variables(TEXTS[name]).items()}
    settings = load({}, environment=found)
    assert str(settings.storage.data) == CONTAINER
    assert settings.storage.database.startswith("postgresql://")
    assert settings.storage.files.startswith("s3://")


def test_the_settings_in_the_comment_of_the_unit_are_settings():
    lines = re.findall(r'^#   (\w+) = "(.+)"$', TEXTS["quickml-worker@.service"], re.MULTILINE)
    assert len(lines) == 4
    load(dict(lines), environment={})


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("compose.many.yaml", r"(?s)  worker:.*?stop_grace_period: (\d+)s"), ("quickml-worker@.service", r"TimeoutStopSec=(\d+)"),
        ("kubernetes/worker.yaml", r"terminationGracePeriodSeconds: (\d+)"), ("slurm.sbatch", r"--signal=B:TERM@(\d+)"),
        ("aws/quickml.yaml", r"--stop-timeout (\d+)"), ("aws/quickml.yaml", r"TimeoutStopSec=(\d+)"),
        ("aws/quickml.yaml", r"HeartbeatTimeout: (\d+)"),
    ],
)  # fmt: skip
def test_a_worker_has_time_to_give_back_what_it_runs(name, pattern):
    (grace_s,) = re.findall(r"grace-s[ =](\d+)", TEXTS[name].replace("worker --config", ""))[-1:]
    assert int(re.findall(pattern, TEXTS[name])[-1]) >= int(grace_s) + 5


def test_the_metric_that_workers_follow_is_there():
    source = (ROOT / "src" / "quickml" / "http" / "server" / "metrics.py").read_text()
    scaling = list(yaml.safe_load_all(TEXTS["kubernetes/scaling.yaml"]))
    (trigger,) = scaling[0]["spec"]["triggers"]
    assert f'"{trigger["metadata"]["valueLocation"]}"' in source
    assert trigger["metadata"]["url"].endswith(f":8000{routes.METRICS}")
    assert (
        trigger["metadata"]["targetValue"] == re.search(r"--seats=(\d+)", TEXTS["kubernetes/worker.yaml"])[1]
    )
    assert trigger["authenticationRef"]["name"] == scaling[1]["metadata"]["name"]
    assert "wanted=$(docker exec quickml quickml workers --wanted --json)\n" in AWS, "which needs no token"


def test_ports_and_paths_are_those_of_a_server():
    assert Settings.of(data=ROOT).server.port == 8000
    every = {value for value in vars(routes).values() if isinstance(value, str)}
    for name in ("kubernetes/server.yaml", "aws/quickml.yaml"):
        asked = re.findall(r"(?:^ +path|HealthCheckPath): (/\w+)$", TEXTS[name], re.MULTILINE)
        assert asked
        assert set(asked) <= every
    assert set(re.findall(r"(?:127\.0\.0\.1|server|quickml):(\d+)/\w*z\b", "".join(TEXTS.values()))) <= {
        "8000"
    }


def test_no_file_has_a_secret():
    for name, text in TEXTS.items():
        assert not re.search(r"://[^\s/@]+:[^\s/@$]+@", text), name
        assert not re.search(
            r"(?i)(?:password|secret_access_key|token)[\"']?\s*[:=]\s*[\"']?[A-Za-z0-9+/]{16,}", text
        ), name
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text()


# Compose


def test_the_compose_files_are_valid():
    files = [DEPLOY / "compose.yaml", DEPLOY / "compose.many.yaml"]
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        *map(str, files),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_services_refer_to_is_there():
    services = COMPOSE["services"]
    for service in services.values():
        assert set(service.get("depends_on", ())) <= services.keys()
        assert set(service.get("secrets", ())) <= COMPOSE["secrets"].keys()
        used = set(re.findall(r"/run/secrets/([\w.]+)", str(service)))
        assert used <= set(service.get("secrets", ()))
        named = {volume.split(":")[0] for volume in service.get("volumes", ()) if volume[0].isalpha()}
        assert named <= COMPOSE["volumes"].keys()
    settings = services["server"]["environment"]
    assert services["worker"]["environment"] == settings
    assert re.search(r"@(\w+)/", settings["QUICKML_DATABASE"])[1] in services
    host, port = re.search(r"http://(\w+):(\d+)", settings["QUICKML_FILES"]).groups()
    assert f"-s3.port={port}" in services[host]["command"]
    assert services["server"]["deploy"]["replicas"] == 2
    assert services["nginx"]["environment"]["UPSTREAM"] == "server:8000"
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    names = set(re.findall(r"\$\{([A-Z_]+)\}", CONFIGURATION.read_text()))
    assert set(services["nginx"]["environment"]) == names


def test_secrets_are_made_once_and_for_nobody_elses_eyes(tmp_path):
    shutil.copy(DEPLOY / "make-secrets.sh", tmp_path)
    command = ["sh", tmp_path / "make-secrets.sh"]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    folder = tmp_path / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {f"./secrets/{path.name}" for path in folder.iterdir()} == {
        one["file"] for one in COMPOSE["secrets"].values()
    }
    (identity,) = yaml.safe_load((folder / "s3.json").read_text())["identities"]
    keys = dict(re.findall(r"^(\w+) = (\w+)$", (folder / "files_credentials").read_text(), re.MULTILINE))
    (pair,) = identity["credentials"]
    assert keys == {"aws_access_key_id": pair["accessKey"], "aws_secret_access_key": pair["secretKey"]}
    assert (
        len(
            {
                len(value) >= 20 and value
                for value in [*keys.values(), (folder / "database_password").read_text()]
            }
        )
        == 3
    )
    assert subprocess.run(command, check=False, capture_output=True, timeout=60).returncode != 0


# Kubernetes


@pytest.fixture(scope="module")
def resources():
    """What `kubectl kustomize` makes; without it, what the files have."""
    if shutil.which("kubectl"):
        done = subprocess.run(
            ["kubectl", "kustomize", DEPLOY / "kubernetes"],
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return list(yaml.safe_load_all(done.stdout))
    listed = yaml.safe_load(TEXTS["kubernetes/kustomization.yaml"])["resources"]
    return [one for name in listed for one in yaml.safe_load_all(TEXTS[f"kubernetes/{name}"])]


def test_the_resources_are_valid(resources):
    import kubernetes_validate

    checked = []
    for resource in resources:
        if not resource["apiVersion"].startswith("keda.sh/"):
            kubernetes_validate.validate(resource, "1.32", strict=True)
            checked.append(resource["kind"])
    assert {"Deployment", "Service", "Ingress", "PodDisruptionBudget"} <= set(checked)


def test_workers_with_a_gpu_are_valid_and_follow_a_metric_of_their_own():
    import kubernetes_validate

    worker, scaling = (yaml.safe_load(TEXTS[f"kubernetes/gpu/{name}.yaml"]) for name in ("worker", "scaling"))
    kubernetes_validate.validate(worker, "1.32", strict=True)
    (container,) = worker["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["nvidia.com/gpu"] == "1"
    assert scaling["spec"]["scaleTargetRef"]["name"] == worker["metadata"]["name"]
    (trigger,) = scaling["spec"]["triggers"]
    source = (ROOT / "src" / "quickml" / "http" / "server" / "metrics.py").read_text()
    assert trigger["metadata"]["valueLocation"] == "quickml_gpu_seats_wanted"
    assert '"quickml_gpu_seats_wanted"' in source
    assert COMPOSE["services"]["gpu-worker"]["build"]["target"] == "gpu"


def test_a_cluster_of_ray_can_hold_seats_and_only_a_launcher_asks_for_them():
    import kubernetes_validate

    settings, cluster, launcher = yaml.safe_load_all(TEXTS["kuberay/ray.yaml"])
    for resource in (settings, launcher):
        kubernetes_validate.validate(resource, "1.32", strict=True)
    ours = yaml.safe_load(TEXTS["kubernetes/kustomization.yaml"])["configMapGenerator"][0]["literals"]
    assert settings["data"].items() <= dict(one.split("=", 1) for one in ours).items()
    head, (workers, on_gpu) = cluster["spec"]["headGroupSpec"], cluster["spec"]["workerGroupSpecs"]
    assert (cluster["kind"], head["rayStartParams"]["num-cpus"]) == ("RayCluster", "0")
    assert cluster["spec"]["authOptions"] == {"mode": "token"}
    pods = [one["template"]["spec"] for one in (head, workers, launcher["spec"])]
    for pod in pods:
        assert pod["enableServiceLinks"] is False
        kubernetes_validate.validate(
            {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": pod}, "1.32", strict=True
        )
    assert len({pod["containers"][0]["image"] for pod in pods}) == 1
    pod = on_gpu["template"]["spec"]
    kubernetes_validate.validate(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": pod}, "1.32", strict=True
    )
    assert pod["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "1"
    (container,) = pods[2]["containers"]
    name = cluster["metadata"]["name"]
    assert container["env"][0]["valueFrom"]["secretKeyRef"]["name"] == name
    assert f"--address=ray://{name}-head-svc:10001" in container["args"]
    assert launcher["spec"]["replicas"] == 1
    version = cluster["spec"]["rayVersion"]
    assert f"ray=={version}\n" in (ROOT / "constraints.txt").read_text()
    assert f"rayproject/ray:{version}-" in TEXTS["Dockerfile"]


def test_pods_are_given_no_variables_of_services_and_the_volumes_that_they_mount(resources):
    pods = [one["spec"]["template"] for one in resources if one["kind"] == "Deployment"]
    assert len(pods) == 2
    for pod in pods:
        assert pod["spec"]["enableServiceLinks"] is False  # QUICKML_..._PORT would be an unknown setting
        (container,) = pod["spec"]["containers"]
        volumes = {one["name"] for one in pod["spec"]["volumes"]}
        assert {one["name"] for one in container["volumeMounts"]} == volumes
        assert {CONTAINER, "/etc/quickml", "/tmp"} == {one["mountPath"] for one in container["volumeMounts"]}
    (service,) = (one for one in resources if one["kind"] == "Service")
    assert service["spec"]["selector"].items() <= pods[0]["metadata"]["labels"].items()
    user = re.search(r"--uid (\d+)", TEXTS["Dockerfile"])[1]
    assert {str(pod["spec"]["securityContext"]["runAsUser"]) for pod in pods} == {user}


# AWS


def test_cloudformation_understands_the_template():
    program = "import sys; from cfnlint.runner import main; sys.exit(main())"
    command = [sys.executable, "-c", program, str(DEPLOY / "aws" / "quickml.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr


def scripts_of_a_machine():
    """What a machine runs at its start, with a text in place of what CloudFormation fills in, and what it writes."""
    lines = AWS.split("Fn::Base64: !Sub |\n")[1].split("\n  Servers:")[0].splitlines()
    script = "\n".join(line[12:] for line in lines)
    script = re.sub(r"\$\{([A-Z][\w.:]*)\}", lambda found: f"the-{found[1]}", script).replace("${!", "${")
    return [script, *re.findall(r"<<'END'\n(#!.+?\n)END$", script, re.MULTILINE | re.DOTALL)]


def run_with(tmp_path, text, **programs):
    """What bash prints, with these scripts as programs."""
    for name, script in programs.items():
        (tmp_path / name).write_text(f"#!/bin/bash\n{script}\n")
        (tmp_path / name).chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("role", "started"),
    [
        ("server", "the-Image serve "), ("worker", "the-Image worker --seats=the-SeatsPerWorker "),
        ("gpu-worker", "--gpus all the-GpuImage worker --gpus=1 --seats=the-SeatsPerGpu --seats-per-gpu=the-SeatsPerGpu "),
    ],
)  # fmt: skip
def test_a_machine_starts_what_its_tag_says(tmp_path, role, started):
    (line,) = re.findall(r"/var/lib/quickml (\$gpus .+)$", scripts_of_a_machine()[0], re.MULTILINE)
    (chosen,) = re.findall(r"^image=.+?^esac$", scripts_of_a_machine()[0], re.MULTILINE | re.DOTALL)
    (shown,) = run_with(tmp_path, f"role={role}\n{chosen}\necho {line}")
    assert shown.startswith(started)


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed here")
def test_servers_tell_how_many_seats_are_wanted_of_each_kind(tmp_path):
    (script,) = (one for one in scripts_of_a_machine()[1:] if "workers --wanted" in one)
    said = run_with(tmp_path, script, docker="""echo '{"seats": 12, "gpu_seats": 0}'""", aws='echo "$@"')
    told = [
        re.search(r"--metric-name (\w+) --dimensions Stack=\S+ --value (\d+)$", one).groups() for one in said
    ]
    assert told == [("SeatsWanted", "12"), ("GpuSeatsWanted", "0")]
    followed = set(re.findall(r"^ +MetricName: (\w+)$", AWS, re.MULTILINE))
    assert followed == {"SeatsWanted", "GpuSeatsWanted", "GroupInServiceInstances", "GroupDesiredCapacity"}


class _Template(yaml.SafeLoader):
    """Reads a template; of a function, its arguments."""


_Template.add_multi_constructor(
    "!",
    lambda loader, _, node: {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: loader.construct_sequence,
        yaml.MappingNode: loader.construct_mapping,
    }[type(node)](node),
)


def test_without_gpus_nothing_is_made_for_them():
    template = yaml.load(AWS, _Template)
    needy = {name: one for name, one in template["Resources"].items() if "Gpu" in name}
    assert {one["Type"].split("::")[2] for one in needy.values()} == {
        "AutoScalingGroup", "LifecycleHook", "ScalingPolicy", "Alarm"
    }  # fmt: skip
    assert {one["Condition"] for one in needy.values()} == {"HasGpus"}
    assert template["Parameters"]["GpuWorkersMost"]["Default"] == 0
    assert template["Conditions"]["HasGpus"] == template["Rules"]["GpusNeedAnImage"]["RuleCondition"]
    group = needy["GpuWorkers"]["Properties"]
    assert [tag["Value"] for tag in group["Tags"]] == ["gpu-worker"]
    for override in group["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]:
        assert override["ImageId"] == "{{resolve:ssm:${GpuAmi}}}"
    assert "--target gpu" in template["Parameters"]["GpuImage"]["Description"]


def test_the_scripts_are_shell(tmp_path):
    scripts = scripts_of_a_machine()
    assert len(scripts) == 5
    for number, text in enumerate([*scripts, TEXTS["slurm.sbatch"], TEXTS["make-secrets.sh"]]):
        file = tmp_path / f"{number}.sh"
        file.write_text(text)
        subprocess.run(["bash", "-n", file], check=True, timeout=60)
        if shellcheck := shutil.which(
            "shellcheck", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        ):
            done = subprocess.run(
                [shellcheck, "--exclude=SC2154,SC2016", file],
                capture_output=True,
                text=True,
                check=False,
                timeout=60,
            )
            assert done.returncode == 0, done.stdout


# systemd, Docker, nginx


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_the_unit_of_a_worker_is_one(tmp_path):
    unit = tmp_path / "quickml-worker@.service"
    unit.write_text(TEXTS[unit.name].replace("/opt/quickml/bin/quickml", shutil.which("true")))
    command = ["systemd-analyze", "verify", unit]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_images_are_made_of_stages_that_there_are():
    stages = re.findall(r"^FROM \S+ AS (\w[\w-]*)$", TEXTS["Dockerfile"], re.MULTILINE)
    assert stages[-1] == "cpu"
    assert set(re.findall(r"--from=(\S+)", TEXTS["Dockerfile"])) <= set(stages)
    text = TEXTS["Dockerfile"] + "".join(PAGES.values())
    assert set(re.findall(r"--target (\S+)", text)) | {COMPOSE["x-quickml"]["build"]["target"]} <= set(stages)
    pins = dict(re.findall(r"^(tensorflow\w*)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    assert pins["tensorflow"] == pins["tensorflow_cpu"]


def test_the_address_of_servers_may_be_a_name_of_several():
    names = dict.fromkeys(re.findall(r"\$\{([A-Z_]+)\}", CONFIGURATION.read_text()), "x")
    text = filled(CONFIGURATION.read_text(), {**names, "UPSTREAM": "server:8000"})
    assert re.findall(r"^ *server server:8000 (.+);$", text, re.MULTILINE) == ["max_fails=1 fail_timeout=2s"]
