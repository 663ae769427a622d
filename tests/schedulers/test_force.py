"""A button has many builders and starts the one that is named, over the API as people press it."""

from typing import Any

import treq
from buildbot.util.twisted import async_to_deferred

from schedulers.buttons import buttons
from tests.releases.ledgers import SITE
from tests.schedulers.small_master import SmallMaster


class Buttons(SmallMaster):
    """Two components, staging and production."""

    async def press(self, name: str, **params: Any) -> tuple[int, Any]:
        address = f"http://127.0.0.1:{self.master.www.getPortnum()}/api/v2/forceschedulers/{name}"
        params = {"reason": "a test", **params}
        call = {"jsonrpc": "2.0", "id": 1, "method": "force", "params": params}
        response = await treq.post(address, json=call, persistent=False)
        return response.code, await response.json()

    async def number(self, builder: str) -> int:
        return int(await self.master.data.updates.findBuilderId(builder))

    @async_to_deferred
    async def test_a_press_that_names_no_builder_of_its_own_starts_nothing(self) -> None:
        await self.start(SITE, buttons(SITE))
        foreign = [await self.number(name) for name in ("blog-build", "blog-staging")]
        several = ["blog-production", "docs-production"]
        numbers: tuple[Any, ...] = (None, "", 0, -1, "1/2", 10_000, 10**30, [], {}, True, *foreign)
        names: tuple[Any, ...] = ([], ["blog-build"], several, "blog", {})
        wrong: list[dict[str, Any]] = [
            {},
            *({"builderid": number} for number in numbers),
            *({"builderNames": some} for some in names),
        ]
        for params in wrong:
            code, answer = await self.press("promote-production", **params)
            assert code == 400, (params, answer)
            said = "name one builder that promote-production starts, by its number"
            assert answer["error"]["message"] == {"builderid": said}, params
        assert await self.requested() == []

    @async_to_deferred
    async def test_a_press_starts_the_builder_that_it_names_with_the_action(self) -> None:
        await self.start(SITE, buttons(SITE))
        for builder in ("docs-production", "blog-production"):
            for number in (await self.number(builder), str(await self.number(builder))):
                pressed = {"builderid": number, "wanted": "ab12"}
                code, answer = await self.press("promote-production", **pressed)
                assert code == 200, answer
        assert await self.requested() == ["blog-production"] * 2 + ["docs-production"] * 2
        last = (await self.master.data.get(("buildsets",)))[-1]["bsid"]
        properties = await self.master.data.get(("buildsets", last, "properties"))
        assert properties["action"][0] == "promote"
        assert properties["wanted"][0] == "ab12"

    @async_to_deferred
    async def test_reasons_and_digests_are_checked_as_ever(self) -> None:
        await self.start(SITE, buttons(SITE))
        number = await self.number("blog-production")
        wrong: list[dict[str, Any]] = [{"reason": ""}, {"wanted": "no digest"}]
        for params in wrong:
            code, answer = await self.press("promote-production", builderid=number, **params)
            assert (code, list(answer["error"]["message"])) == (400, list(params))
        assert await self.requested() == []

    @async_to_deferred
    async def test_a_builder_s_page_offers_its_own_buttons_and_no_other(self) -> None:
        await self.start(SITE, buttons(SITE))
        offered = {
            name: {
                button["name"]
                for button in await self.master.data.get(
                    ("builders", await self.number(name), "forceschedulers")
                )
            }
            for name in ("blog-build", "blog-staging", "blog-production", "site-production")
        }
        assert offered == {
            "blog-build": {"build"},
            "blog-staging": {
                f"{action}-staging" for action in ("roll-back", "hold", "lift-hold", "configure")
            },
            "blog-production": {
                f"{action}-production"
                for action in ("promote", "roll-back", "hold", "lift-hold", "configure")
            },
            "site-production": {
                f"{action}-production" for action in ("promote-all", "revert", "freeze", "thaw")
            },
        }
