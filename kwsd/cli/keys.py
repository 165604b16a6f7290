"""`kwsd keys`: the key of this account, and the clients that may read events or control over the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kwsd.cli.group import Verbs

if TYPE_CHECKING:
    from kwsd.events.keys import KeyFolder


@click.group(cls=Verbs, short_help="Keys for the network: make one, allow and revoke clients.")
def keys() -> None:
    """Keys for the network: make one, allow and revoke clients.

    Where `kwsd listen` is reached over the network, everything is encrypted, and only clients whose keys are allowed
    are let in. `kwsd subscribe` and `kwsd ctl` use the key of the account that runs them.

    \b
    Example, with kwsd listening in the kitchen and a tablet that reads its events:
      kwsd keys generate                           # in the kitchen: prints its key
      kwsd keys generate                           # on the tablet: prints its key
      kwsd keys allow tablet 'KEY OF THE TABLET'   # in the kitchen
      kwsd subscribe tcp://kitchen:7391 --server-key 'KEY OF THE KITCHEN'   # on the tablet
    """


@keys.command()
def generate() -> None:
    """Make the key of this account, and print its public part.

    \b
    Example:
      kwsd keys generate
    """
    click.echo(_folder().generate().public)


class _TakesKey(click.Command):
    """A verb whose last argument is a public key; one that begins with "-" is not taken for an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        from kwsd.events.keys import is_key

        like_options = [arg for arg in args if arg.startswith("-") and is_key(arg)]
        if "--" not in args and len(like_options) == 1:
            args = [arg for arg in args if arg not in like_options] + ["--", *like_options]
        return super().parse_args(ctx, args)


@keys.command(cls=_TakesKey, short_help="Let a client in, by its public key.")
@click.argument("name")
@click.argument("key")
@click.option(
    "--may",
    multiple=True,
    type=click.Choice(("read", "control")),
    default=("read",),
    help="What the client is allowed to: read events, or control. Give it again for both.",
)
def allow(name: str, key: str, may: tuple[str, ...]) -> None:
    """Let a client in, by its public KEY, which `kwsd keys list` prints on its machine; NAME is what you call it.

    A kwsd that is running lets it in at once.

    \b
    Example:
      kwsd keys allow tablet 'KEY' --may read --may control
    """
    _folder().allow(name, key, [right for right in ("read", "control") if right in may])


@keys.command(short_help="Let a client in no more.")
@click.argument("name")
def revoke(name: str) -> None:
    """Let a client in no more; a kwsd that is running disconnects it within a second.

    \b
    Example:
      kwsd keys revoke tablet
    """
    _folder().revoke(name)


@keys.command("list", short_help="Print the key of this account, and the clients let in.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_keys(as_json: bool) -> None:
    """Print the public key of this account, and the clients that are let in.

    \b
    Example:
      kwsd keys list
    """
    import msgspec

    folder = _folder()
    public, clients = folder.pair().public, folder.clients()
    if as_json:
        click.echo(msgspec.json.encode({"public": public, "clients": clients}).decode())
        return
    click.echo(public)
    for client in clients:
        click.echo(f"{client.key} {client.name}: may {' and '.join(client.may)}")


def _folder() -> KeyFolder:
    from kwsd.events.keys import KeyFolder, default_key_folder

    return KeyFolder(default_key_folder())
