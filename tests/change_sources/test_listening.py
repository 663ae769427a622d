"""Polling finds every merge; a webhook only makes a poller poll sooner."""

from buildbot.util.twisted import async_to_deferred

from change_sources.commit_summary import read_summary
from tests.change_sources.listening_master import ListeningMaster


class Listening(ListeningMaster):
    """What pollers record."""

    @async_to_deferred
    async def test_a_change_without_a_webhook_is_found_by_polling(self) -> None:
        await self.listen(seconds=1)
        self.theme.commit({"style.css": "p {}\n"}, subject="Seen by polling")
        assert await self.changes(1) == ["Seen by polling"]
        await self.await_builds(1)

    @async_to_deferred
    async def test_a_webhook_makes_the_poller_poll_at_once(self) -> None:
        await self.listen()
        self.theme.commit({"style.css": "p {}\n"}, subject="Told by a hook")
        assert (await self.hook(self.push(self.theme)))[0] == 200
        assert await self.changes(1) == ["Told by a hook"]

    @async_to_deferred
    async def test_a_repeated_webhook_records_one_change(self) -> None:
        await self.listen()
        self.theme.commit({"style.css": "p {}\n"}, subject="Once")
        for _ in range(3):
            assert (await self.hook(self.push(self.theme)))[0] == 200
        await self.changes(1)
        self.theme.commit({"style.css": "a {}\n"}, subject="Then")
        await self.hook(self.push(self.theme))
        assert await self.changes(2) == ["Once", "Then"]

    @async_to_deferred
    async def test_two_new_commits_are_one_change_and_start_one_build(self) -> None:
        await self.listen()
        self.theme.commit({"style.css": "p {}\n"}, subject="First")
        self.theme.commit({"style.css": "a {}\n"}, subject="Second")
        await self.hook(self.push(self.theme))
        assert await self.changes(1) == ["Second"]
        await self.await_builds(1)

    @async_to_deferred
    async def test_a_commit_that_is_not_utf_8_is_shown_with_replaced_characters(self) -> None:
        await self.listen()
        person = b"J\xf6rg <j@example.org> 1764000000 +0000"
        head = self.theme.commit_object("HEAD", person, b"Gr\xfc\xdfe\n\nMore")
        self.theme.git("reset", "--quiet", "--hard", head)
        await self.hook(self.push(self.theme))
        assert await self.changes(1) == ["Gr\ufffd\ufffde"]
        assert (await self.new_changes())[0]["author"] == "J\ufffdrg <j@example.org>"
        await self.await_builds(1)

    @async_to_deferred
    async def test_a_commit_that_is_gone_is_known_by_its_id(self) -> None:
        await self.listen()
        summary = await read_summary(self.running, self.theme.address, "main", "1" * 40)
        assert summary == ("unknown", f"main is at {'1' * 12}")

    @async_to_deferred
    async def test_a_new_release_is_one_change_and_its_series_is_built(
        self,
    ) -> None:
        await self.listen()
        self.upstream.commit({"index.php": "<?php //10\n"})
        self.upstream.commit({"index.php": "<?php //11\n"}, tag="1.10")
        self.upstream.git("tag", "2.0")
        self.upstream.git("tag", "1.11-rc1")
        await self.hook(self.push(self.upstream))
        assert await self.changes(2) == ["Upstream released 1.10", "Upstream released 2.0"]
        await self.await_builds(1)
