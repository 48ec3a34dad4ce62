// The distance in words against its definition, computed slowly.
#include <spar/edits.hpp>
#include <spar/philox.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace spar;

namespace {

/// By recursion over the definition, without any memory.
std::int64_t slowly(std::span<const std::string_view> a, std::span<const std::string_view> b) {
    if (a.empty() || b.empty()) return std::ssize(a) + std::ssize(b);
    const std::int64_t changed =
        slowly(a.subspan(1), b.subspan(1)) + (a.front() == b.front() ? 0 : 1);
    return std::min({changed, slowly(a.subspan(1), b) + 1, slowly(a, b.subspan(1)) + 1});
}

WordList some_words(std::uint64_t key, std::int64_t most) {
    static constexpr std::string_view words[] = {"a", "b", "c"};
    Random random(key, 1);
    WordList list;
    const std::int64_t size = random.below(0, most + 1);
    for (std::int64_t i = 0; i < size; ++i) list.push_back(words[random.below(i + 1, 3)]);
    return list;
}

}  // namespace

TEST_CASE("the distance is the least number of substitutions, insertions and deletions") {
    for (std::uint64_t key = 0; key < 600; ++key) {
        CAPTURE(key);
        const WordList a = some_words(2 * key, 7), b = some_words(2 * key + 1, 7);
        const std::int64_t distance = slowly(a, b);
        for (std::int64_t most = 0; most <= 8; ++most) {
            CAPTURE(most);
            CHECK(edited_words(a, b, most) == std::min(distance, most + 1));
        }
    }
}

TEST_CASE("words compare byte by byte") {
    CHECK(edited_words(WordList{"Good", "film"}, WordList{"good", "film"}, 5) == 1);
    CHECK(edited_words(WordList{"é"}, WordList{"e\xCC\x81"}, 5) == 1);
    CHECK(edited_words(WordList{}, WordList{}, 5) == 0);
}

TEST_CASE("the words that are left alone are the same in both, and no more are touched than need") {
    for (std::uint64_t key = 0; key < 600; ++key) {
        CAPTURE(key);
        const WordList a = some_words(2 * key, 7), b = some_words(2 * key + 1, 7);
        const EditedWords which = which_words(a, b);
        WordList rest_a, rest_b;
        for (std::size_t i = 0; i < a.size(); ++i)
            if (!which.of_a[i]) rest_a.push_back(a[i]);
        for (std::size_t i = 0; i < b.size(); ++i)
            if (!which.of_b[i]) rest_b.push_back(b[i]);
        CHECK((rest_a == rest_b));
        // Between words that stay, as many are substituted as there are on both sides.
        std::int64_t edits = 0;
        for (std::size_t i = 0, j = 0; i < a.size() || j < b.size(); ++i, ++j) {
            std::int64_t gone = 0, come = 0;
            for (; i < a.size() && which.of_a[i]; ++i) ++gone;
            for (; j < b.size() && which.of_b[j]; ++j) ++come;
            edits += std::max(gone, come);
        }
        CHECK(edits == slowly(a, b));
    }
}

TEST_CASE("texts of many thousand words take neither hours nor gigabytes") {
    const std::vector<std::string_view> a(200000, "a"), b(200000, "b");
    CHECK(edited_words(a, b, 3) == 4);
    CHECK(which_words(a, b).of_b[100000]);
}
