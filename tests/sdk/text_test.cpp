// Small JSON texts, numbers of 16 bits, and what a file's first bytes say.
#include <spar/json.hpp>
#include <spar/kit/file_kind.hpp>
#include <spar/kit/half.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>

#include <nlohmann/json.hpp>

using namespace std::string_literals;

TEST_CASE("texts are read back by a reader of JSON") {
    for (const std::string &text : {""s, "plain"s, "\"quoted\" \\ back"s, "line\nend\ttab\r"s,
                                    "\x01\x1F\x7F"s, "zero\0inside"s, "Zürich 中文"s}) {
        CAPTURE(text);
        CHECK(nlohmann::json::parse(spar::json_text(text)).get<std::string>() == text);
    }
    const std::string object = spar::JsonObject()
                                   .text("a \"name\"", "x")
                                   .number("n", 0.1)
                                   .integer("i", -3)
                                   .raw("list", spar::JsonArray().text("1").raw("2").str())
                                   .str();
    CHECK(nlohmann::json::parse(object) ==
          nlohmann::json({{"a \"name\"", "x"}, {"n", 0.1}, {"i", -3}, {"list", {"1", 2}}}));
    CHECK(spar::JsonObject().str() == "{}");
    CHECK(spar::JsonArray().str() == "[]");
}

TEST_CASE("a number's text is short and reads back as the same double") {
    CHECK(spar::json_number(0.1) == "0.1");
    CHECK(spar::json_number(3) == "3");
    CHECK(spar::json_number(-0.0314) == "-0.0314");
    CHECK(spar::json_number(1e300) == "1e+300");
    CHECK(spar::json_number(8.0 / 255) == "0.03137254901960784");
    CHECK(spar::json_number(std::nan("")) == "null");
    CHECK(spar::json_number(std::numeric_limits<double>::infinity()) == "null");
    for (const double value : {1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789012345680.0})
        CHECK(std::strtod(spar::json_number(value).c_str(), nullptr) == value);
}

TEST_CASE("every number of 16 bits") {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        const int exponent = static_cast<int>((bits >> 10) & 31), fraction = bits & 1023;
        double wanted =
            exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
        if ((bits & 0x8000) != 0) wanted = -wanted;
        const float half = spar::from_half(static_cast<std::uint16_t>(bits));
        if (exponent == 31)
            REQUIRE((fraction == 0 ? std::isinf(half) : std::isnan(half)));
        else
            REQUIRE(double{half} == wanted);
        const float wide = spar::from_bfloat(static_cast<std::uint16_t>(bits));
        std::uint32_t back = 0;
        std::memcpy(&back, &wide, 4);
        REQUIRE(back == bits << 16);
    }
    CHECK(std::signbit(spar::from_half(0x8000)));
}

TEST_CASE("what a file is by its first bytes") {
    const auto zip = [](const std::string &member) {
        std::string head(30, '\0');
        head.replace(0, 4, "PK\x03\x04");
        head[26] = static_cast<char>(member.size());
        return head + member;
    };
    CHECK(spar::file_kind(zip("x.npy")) == "a NumPy archive (.npz)");
    CHECK(spar::file_kind(zip("net/data.pkl")) == "a PyTorch checkpoint (torch.save)");
    CHECK(spar::file_kind(zip("readme")) == "a zip archive");
    CHECK(spar::file_kind("\x80\x04\x95more") == "a Python pickle");
    CHECK(spar::file_kind("\x1F\x8B\x08") == "a gzip file");
    CHECK(spar::file_kind("<!DOCTYPE html>").starts_with("an HTML page"));
    CHECK(spar::file_kind("\xFF\xFEh\0"s) == "text in UTF-16");
    for (const std::string &nothing :
         {""s, "P"s, "PK\x03\x04"s, "\x80"s, "hello"s, std::string(512, '\0')})
        CHECK(spar::file_kind(nothing).empty());
}
