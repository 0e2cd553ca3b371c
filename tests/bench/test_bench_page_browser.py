"""The page of results in a real browser: Chromium without a window, driven by selenium."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from page_results import COVERING, EVIL, OF_FAMILY, PICTURES, made_results

from classicseg.bench.reports.page import write_page
from classicseg.bench.reports.page.markup import DASH

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-component-extensions-with-background-pages",
    "--disable-features=Translate,OptimizationHints,MediaRouter",
    "--window-size=1400,900",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page") / "results"
    path = folder.with_suffix(".html")
    path.write_bytes(write_page(*made_results(folder), folder))
    return path.as_uri()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One browser for all tests of this module."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("chromium or chromedriver is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield browser
    browser.quit()


@pytest.fixture
def browser(chromium: Any, page: str) -> Iterator[Any]:
    """The page, freshly loaded; it may complain of nothing and ask for nothing but itself."""
    for log in ("browser", "performance"):
        chromium.get_log(log)
    chromium.get(page)
    yield chromium
    assert chromium.get_log("browser") == []
    messages = [json.loads(each["message"])["message"] for each in chromium.get_log("performance")]
    asked = [each["params"]["request"]["url"] for each in messages if each["method"] == "Network.requestWillBeSent"]
    assert page in asked
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    assert {url for url in asked if url.startswith("file:")} == {page}


def one(browser: Any, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def column(browser: Any, name: str) -> list[str]:
    """The texts of a column of the table, in the rows that are seen."""
    return browser.execute_script(
        """const heads = [...document.querySelectorAll("#table thead th")];
        const place = heads.findIndex((head) => head.textContent === arguments[0]);
        return [...document.querySelectorAll("#table tbody tr")].filter((row) => row.offsetParent !== null)
          .map((row) => row.cells[place].textContent);""",
        name,
    )


def sort_of(browser: Any, name: str) -> str:
    return button(browser, name).find_element("xpath", "..").get_attribute("aria-sort")


def button(browser: Any, name: str) -> Any:
    return browser.find_element("xpath", f"//table[@id='table']//button[text()='{name}']")


def choose(browser: Any, selector: str, value: str) -> None:
    found = "return [...document.querySelector(arguments[0]).options].find((each) => each.text === arguments[1]);"
    browser.execute_script(found, selector, value).click()


def pictures(browser: Any) -> list[str]:
    """The names of the strips of the first data set, from above."""
    return browser.execute_script(
        """return [...document.querySelector('.set').querySelectorAll(".strip")]
          .sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
          .map((strip) => strip.querySelector(".what").textContent);"""
    )


def test_a_column_is_sorted_by_click_and_by_key(browser):
    from selenium.webdriver.common.keys import Keys

    values = [float(each) for each in column(browser, "Value")]
    assert sort_of(browser, "Value") == "none" and values != sorted(values, reverse=True)
    button(browser, "Value").click()
    assert [float(each) for each in column(browser, "Value")] == sorted(values, reverse=True)
    assert sort_of(browser, "Value") == "descending"
    button(browser, "Value").send_keys(Keys.ENTER)
    assert [float(each) for each in column(browser, "Value")] == sorted(values)
    assert sort_of(browser, "Value") == "ascending"
    button(browser, "Seconds").send_keys(Keys.SPACE)
    seconds = column(browser, "Seconds")
    known = [float(each) for each in seconds if each != DASH]
    assert known == sorted(known) and seconds[len(known) :] == [DASH] * 6  # what is not known stays at the end
    button(browser, "Seconds").send_keys(Keys.SPACE)
    assert column(browser, "Seconds") == [f"{each:s}" for each in seconds[: len(known)][::-1]] + [DASH] * 6
    assert sort_of(browser, "Value") == "none"
    button(browser, "Entry").click()
    assert column(browser, "Entry")[-1] == "unet" and column(browser, "Entry")[0] == EVIL


def test_the_table_is_filtered_and_drawings_follow(browser):
    count = len(column(browser, "Entry"))
    choose(browser, "#metric", "vi (mean)")
    choose(browser, "#dataset", "two")
    assert set(column(browser, "Score")) == {"vi mean, ↓"} and set(column(browser, "Data set")) == {"two"}
    assert one(browser, "#shown").text == f"{count // 6} of {count} rows are shown."
    drawn = browser.execute_script(
        """return [...document.querySelectorAll("#seconds figure")].filter((each) => each.offsetParent !== null)
          .map((each) => each.querySelector("figcaption").innerText);"""
    )
    assert len(drawn) == 1 and drawn[0].startswith("vi (mean) on two")
    assert not one(browser, "#boundaries").is_displayed()
    one(browser, "#find").send_keys("FAMILY")
    assert {each.rstrip("†") for each in column(browser, "Entry")} == {"family"}
    assert len(column(browser, "Entry")) == 3
    one(browser, "#oracles").click()
    assert column(browser, "Entry") == ["family"] and column(browser, "Chosen") == ["train"]
    assert not [each for each in browser.find_elements("css selector", "#seconds .hollow") if each.is_displayed()]


def test_pictures_are_sorted_worst_and_best_first_by_what_is_chosen(browser):
    plain = dict(zip(PICTURES, COVERING["plain"], strict=True))
    choose(browser, "#judge", "plain")
    assert pictures(browser) == sorted(plain, key=plain.get)
    assert one(browser, ".strip .mean").text == "plain 0.200"
    choose(browser, "#order", "best first")
    assert pictures(browser) == sorted(plain, key=plain.get, reverse=True)
    choose(browser, "#score", "vi (mean)")  # less is better: the same order, other numbers
    assert pictures(browser) == sorted(plain, key=plain.get, reverse=True)
    assert one(browser, ".strip .mean").text == "plain 0.200"  # 2 x (1 - 0.9)
    choose(browser, "#order", "by name")
    assert pictures(browser) == ["p1", "p2", "p3<b>", "p10"]
    choose(browser, "#order", "worst first")
    choose(browser, "#judge", EVIL)
    assert pictures(browser) == ["p1", "p10", "p2", "p3<b>"]  # it failed on the last
    choose(browser, "#judge", "family")
    of_family = dict(zip(PICTURES, OF_FAMILY[0.2], strict=True))
    assert pictures(browser) == sorted(of_family, key=of_family.get)


def test_a_data_set_without_the_chosen_score_is_sorted_by_its_first_one(chromium, tmp_path):
    results, rows, comparisons = made_results(tmp_path / "results")
    kept = [row for row in rows if (row.dataset, row.metric) != ("two", "vi")]
    (tmp_path / "page.html").write_bytes(write_page(results, kept, comparisons, tmp_path / "results"))
    chromium.get((tmp_path / "page.html").as_uri())
    choose(chromium, "#score", "vi (mean)")
    assert [each.text for each in chromium.find_elements("css selector", ".under")] == ["vi (mean)", "covering (mean)"]
    assert DASH not in chromium.find_elements("css selector", ".set")[1].find_element("css selector", ".mean").text
    choose(chromium, "#dataset", "two")  # the order follows to a score that what is shown has
    assert chromium.execute_script("return document.querySelector('#score').value") == "covering (mean)"
    choose(chromium, "#dataset", "all")
    choose(chromium, "#metric", "vi (mean)")
    assert chromium.execute_script("return document.querySelector('#score').value") == "vi (mean)"
    for parts in (".set", "#seconds .group", "#distributions .group"):
        assert [each.is_displayed() for each in chromium.find_elements("css selector", parts)] == [True, False]
    choose(chromium, "#dataset", "two")
    assert not one(chromium, "#comparisons").is_displayed() and not one(chromium, "#seconds").is_displayed()


def test_images_are_loaded_and_enlarged(browser):
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    one(browser, "#open").click()
    images = "[...document.querySelectorAll('.tiles img')].filter((each) => each.offsetParent !== null)"
    browser.execute_script(f"for (const each of {images}) each.loading = 'eager';")
    wait = WebDriverWait(browser, 5, poll_frequency=0.02)
    wait.until(lambda _: browser.execute_script(f"return {images}.every((each) => each.naturalWidth === 30)"))
    assert browser.execute_script(f"return {images}.length") == 2 * (4 * 6 - 1)
    look = one(browser, ".strip .look")
    look.send_keys(Keys.ENTER)
    caption = one(browser, "#lens figcaption")
    first = caption.text
    assert first.endswith(": picture")
    one(browser, "#lens button").send_keys(Keys.ARROW_RIGHT)
    assert caption.text.endswith(": truth 1 of 2")
    one(browser, "#lens button").send_keys(Keys.ARROW_LEFT)
    assert caption.text == first
    one(browser, "#lens button").send_keys(Keys.ESCAPE)
    assert not one(browser, "#lens").is_displayed()
    assert browser.execute_script("return document.activeElement === arguments[0]", look)


@pytest.mark.parametrize("width", [380, 1400])
def test_the_page_is_no_wider_than_the_window(browser, width):
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        browser.execute_script("for (const each of document.querySelectorAll('details')) each.open = true;")
        assert browser.execute_script("return innerWidth") == width
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
        box = browser.execute_script(
            "const box = document.querySelector('#rows .scroll'); return [box.scrollWidth, box.clientWidth];"
        )
        assert (box[0] > box[1]) == (width == 380)  # the table scrolls in its box
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_it_can_be_read_without_scripts(browser):
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.refresh()
        assert not one(browser, "#find").is_displayed() and not one(browser, "#order").is_displayed()
        assert len(browser.find_elements("css selector", "#table tbody tr")) == 36
        assert one(browser, "#seconds svg").is_displayed()
        assert one(browser, ".strip .tiles").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_a_name_with_a_script_in_it_does_nothing(browser):
    assert browser.title == "Benchmark on one and two"
    assert browser.execute_script("return document.querySelectorAll('img[onerror]').length") == 0
    assert len(browser.find_elements("css selector", "script")) == 2


def test_dark_and_light_follow_what_the_reader_has_set(browser):
    colors = []
    for scheme in ("light", "dark"):
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
        colors.append(browser.execute_script("return getComputedStyle(document.body).backgroundColor"))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    brightness = [sum(int(part) for part in color[4:-1].split(",")) for color in colors]
    assert brightness[0] > 600 and brightness[1] < 150
