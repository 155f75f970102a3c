"""The `touchpoint` command. Each command imports what it runs only when it runs, so that help is instant."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from app.settings import Settings
    from app.supervisor import Supervisor

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Omnichannel contact-center interaction service.",
)
dead_letters = typer.Typer(
    no_args_is_help=True, help="Events that could never be applied: look at them, replay."
)
app.add_typer(dead_letters, name="dead-letters")

Data = Annotated[
    Path | None,
    typer.Option("--data", help="The installation's folder: database, blobs, keys. [TOUCHPOINT_DATA, ./var]"),
]
Host = Annotated[str | None, typer.Option("--host", help="Address for HTTP. [TOUCHPOINT_HOST, 127.0.0.1]")]
Port = Annotated[int | None, typer.Option("--port", min=0, max=65535, help="[TOUCHPOINT_PORT, 8080]")]
SmtpPort = Annotated[
    int | None,
    typer.Option(
        "--smtp-port", min=0, max=65535, help="For mail coming in; 0 is off. [TOUCHPOINT_SMTP_PORT, 0]"
    ),
]
LmtpPort = Annotated[
    int | None,
    typer.Option("--lmtp-port", min=0, max=65535, help="The same by LMTP. [TOUCHPOINT_LMTP_PORT, 0]"),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
SetupFile = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]


@app.command()
def serve(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    smtp_port: SmtpPort = None,
    lmtp_port: LmtpPort = None,
) -> None:
    """Run all of it: the database, one api and one worker process, kept alive until Ctrl-C."""
    from app.supervisor import serve as serve_all

    settings = _settings(data_dir=data, host=host, port=port, smtp_port=smtp_port, lmtp_port=lmtp_port)
    asyncio.run(serve_all(settings, _announce))


@app.command()
def api(
    data: Data = None,
    host: Host = None,
    port: Port = None,
    smtp_port: SmtpPort = None,
    lmtp_port: LmtpPort = None,
) -> None:
    """Run one api process: HTTP, WebSockets, mail in."""
    from app.main import serve_api

    _run_process(
        _settings(data_dir=data, host=host, port=port, smtp_port=smtp_port, lmtp_port=lmtp_port), serve_api
    )


@app.command()
def worker(data: Data = None) -> None:
    """Run one worker process: intake, routing, timers, sending."""
    from app.worker import run

    _run_process(_settings(data_dir=data), run)


@app.command()
def migrate(data: Data = None) -> None:
    """Bring the database to this version's schema. Safe to repeat, and while processes run."""
    from app.migrate import migrate

    _exit(_with_database(_settings(data_dir=data), lambda settings: migrate(settings.database_url or "")))


@app.command()
def apply(
    setup: SetupFile,
    data: Data = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the difference, change nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Make the installation as SETUP.yaml says. Works while it runs and while it does not."""
    from app.setup.apply import run

    _exit(_with_database(_settings(data_dir=data), lambda settings: run(settings, setup, dry_run, as_json)))


@app.command()
def demo(data: Data = None, host: Host = None, port: Port = None) -> None:
    """Run a believable company with played agents and customers, and say where to click."""
    from demo import run

    _exit(run(_settings(data_dir=data, host=host, port=port)))


@app.command()
def route(
    trace: SetupFile,
    setup: Annotated[Path, typer.Option("--setup", exists=True, dir_okay=False, help="The set-up file.")],
    explain: Annotated[bool, typer.Option("--explain", help="Add the candidates to each decision.")] = False,
) -> None:
    """Feed TRACE.jsonl to the routing engine and print its decisions as JSON lines. No database."""
    from app.route import route as decide

    raise typer.Exit(decide(setup, trace, sys.stdout, sys.stderr, explain))


@app.command()
def replay(
    start: Annotated[str, typer.Option("--from", help="2026-11-29 or 2026-11-29T14:30, the tenant's clock.")],
    end: Annotated[str, typer.Option("--to", help="Until then, not included.")],
    policy: Annotated[
        Path | None, typer.Option("--policy", exists=True, dir_okay=False, help="A SETUP.yaml: what if?")
    ] = None,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw the what-if: FILE.png or .svg.")] = None,
    tenant: Annotated[str | None, typer.Option("--tenant", help="Its key, where there are several.")] = None,
    data: Data = None,
    as_json: Json = False,
) -> None:
    """Prove that what was recorded gives the same decisions, byte for byte (exit code 1 if not). With
    --policy: what would have happened under another policy."""
    if plot is not None and policy is None:
        raise typer.BadParameter("--plot draws a what-if: say --policy too")
    from app.replay import proof, whatif
    from app.replay.record import Wanted

    wanted = Wanted(start, end, tenant)
    asked = None if policy is None else whatif.Question(wanted, policy, plot)

    async def answer(settings: "Settings") -> int:
        if asked is None:
            return await proof.run(settings, wanted, as_json)
        return await whatif.run(settings, asked, as_json)

    _exit(_with_database(_settings(data_dir=data), answer))


@app.command()
def simulate(scenario: SetupFile, as_json: Json = False) -> None:
    """Play SCENARIO.yaml on the routing engine: who waits how long, with how many agents. No database."""
    from app.simulate import simulate as play

    raise typer.Exit(play(scenario, sys.stdout, sys.stderr, as_json))


@dead_letters.command("list")
def list_dead_letters(data: Data = None, as_json: Json = False) -> None:
    """What is parked, newest first."""
    from app.dead_letters import list_letters

    _exit(_with_database(_settings(data_dir=data), lambda settings: list_letters(settings, as_json)))


@dead_letters.command("show")
def show_dead_letter(letter: str, data: Data = None, as_json: Json = False) -> None:
    """One parked event with its error and its bytes."""
    from app.dead_letters import show_letter

    _exit(_with_database(_settings(data_dir=data), lambda settings: show_letter(settings, letter, as_json)))


@dead_letters.command("replay")
def replay_dead_letters(
    letters: Annotated[list[str] | None, typer.Argument(help="Their ids.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All that are parked.")] = False,
    data: Data = None,
) -> None:
    """Put parked events back into the log, after the cause was removed."""
    chosen = letters or []
    if bool(chosen) == every:
        raise typer.BadParameter("name the letters, or say --all")
    from app.dead_letters import replay_letters

    _exit(_with_database(_settings(data_dir=data), lambda settings: replay_letters(settings, chosen, every)))


@app.command()
def doctor(data: Data = None, as_json: Json = False) -> None:
    """Say what is wrong with the installation and what to do. Exit code 1 if something is."""
    from app.doctor.examination import run

    raise typer.Exit(asyncio.run(run(_settings(data_dir=data), as_json)))


def _settings(**given: Any) -> "Settings":
    """The environment's settings, with what was said on the command line."""
    from app.settings import Settings
    from app.telemetry import configure_logging

    settings = Settings(**{name: value for name, value in given.items() if value is not None})
    configure_logging(settings)
    return settings


def _run_process(settings: "Settings", run: "Callable[[Settings], Awaitable[Any]]") -> None:
    """A process of its own or a supervisor's child, on the faster event loop."""
    import uvloop

    from app.child import end_with_supervisor

    end_with_supervisor(settings.stop_seconds)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        if settings.database_url:
            runner.run(_awaited(run(settings)))
        else:
            runner.run(_with_database(settings, run))


async def _with_database(settings: "Settings", use: "Callable[[Settings], Awaitable[Any]]") -> Any:
    """Join or start the installation's database; the embedded one always has this version's schema."""
    from app.embedded import embedded
    from app.migrate import migrate

    async with embedded(settings) as url:
        if settings.database_url is None:
            await migrate(url)
        return await use(settings.model_copy(update={"database_url": url}))


async def _awaited(result: Awaitable[Any]) -> Any:
    return await result


def _exit(result: Awaitable[Any]) -> None:
    raise typer.Exit(asyncio.run(_awaited(result)) or 0)


def _announce(supervisor: "Supervisor") -> None:
    from rich.console import Console

    settings = supervisor.settings
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold green]Touchpoint is ready:[/] {supervisor.url}")
    console.print(f"  agents and supervisors  {supervisor.url}/")
    console.print(f"  API                     {supervisor.url}/docs")
    console.print(
        f"  data                    {settings.database_url or settings.data_dir.resolve()}", markup=False
    )
    console.print("Set it up with `touchpoint apply SETUP.yaml`; Ctrl-C stops it.", markup=False)


def main() -> None:
    """Entry point: what an operator can put right is one message and exit code 1, never a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if (reason := _reason(error)) is None:
            raise
        typer.echo(reason, err=True)
        sys.exit(1)


def _reason(error: Exception) -> str | None:
    import asyncpg
    from pydantic import ValidationError

    from app.errors import CommandError, SetupError

    if isinstance(error, CommandError | SetupError):
        return str(error)
    if isinstance(error, ValidationError):
        wrong = (f"  {problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
        return "\n".join(["These settings are wrong:", *wrong])
    if isinstance(error, OSError | asyncpg.PostgresError):
        return f"{error}\n`touchpoint doctor` looks for the cause."
    return None


if __name__ == "__main__":
    main()
