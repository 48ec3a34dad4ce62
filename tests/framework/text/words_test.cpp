#include "base/words.hpp"

#include <doctest/doctest.h>

using namespace spar::host;

TEST_CASE("the nearest name") {
    const std::vector<std::string> known = {"eps", "steps", "step_size", "restarts"};
    CHECK(nearest("epss", known) == "eps");
    CHECK(nearest("stpes", known) == "steps");
    CHECK(nearest("stepsize", known) == "step_size");
    CHECK(nearest("restart", known) == "restarts");
    CHECK(nearest("momentum", known).empty());
    CHECK(nearest("", known).empty());
    CHECK(nearest(std::string(100000, 'e'), known).empty());
    CHECK(nearest("eps", {}).empty());
    CHECK(did_you_mean("epss", known) == "did you mean \"eps\"?");
    CHECK(did_you_mean("zzzzzz", known).empty());
}

TEST_CASE("lists of names") {
    CHECK(listed({}) == "none");
    CHECK(listed({"a", "b"}) == "a, b");
    CHECK(listed({"a", "b", "c"}, 2) == "a, b, ... (3 in all)");
}

TEST_CASE("text for messages") {
    CHECK(escaped("plain \xC3\xA4") == "plain \xC3\xA4");
    CHECK(escaped("a\nb\x1b[0m") == "a\\u000ab\\u001b[0m");
    CHECK(escaped("\xff\xC3") == "\\xff\\xc3");
    CHECK(escaped(std::string(200, 'x'), 10) == "xxxxxxxxxx...");
    CHECK(quote("a") == "\"a\"");
}

TEST_CASE("what steers a terminal is shown, in one notation") {
    CHECK(escaped("\xC2\x9B") == "\\u009b");
    CHECK(printable("a\nb\t\x1b[0m\x7F") == "a\nb\t\\u001b[0m\\u007f");
    for (const auto &text : {escaped("a\xE2\x80\xAE\xE2\x81\xA6"
                                     "b\xE2\x80\xA8"),
                             printable("a\xE2\x80\xAE\xE2\x81\xA6"
                                       "b\xE2\x80\xA8")})
        CHECK(text == "a\\u202e\\u2066b\\u2028");
    CHECK(printable("\xD7\xA9\xD7\x9C") == "\xD7\xA9\xD7\x9C");  // Hebrew alone changes no
                                                                 // direction
}

TEST_CASE("what is UTF-8") {
    CHECK(valid_utf8("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"));
    for (const char *bad : {"\x80", "\xC3", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80",
                            "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xE2\x82"})
        CHECK(!valid_utf8(bad));
}
