// Errors on their way over the contract's edge, and structs of another age.
#include <spar/error.hpp>

#include <doctest/doctest.h>

TEST_CASE("what is thrown on one side arrives on the other") {
    const auto over = [](auto &&work) {
        spar::checked([&](spar_error *error) { return spar::guarded(error, work); });
    };
    over([] {});
    try {
        over([] { throw spar::invalid("too many", "/steps"); });
        FAIL("it was thrown");
    } catch (const spar::Error &error) {
        CHECK(error.code() == SPAR_E_INVALID);
        CHECK(error.what() == std::string("too many"));
        CHECK(error.pointer() == "/steps");
    }
    const auto code_of = [&](auto &&work) {
        spar_error error = spar::empty_error();
        return spar::guarded(&error, work);
    };
    CHECK(code_of([] { throw spar::bad_data("a file"); }) == SPAR_E_DATA);
    CHECK(code_of([] { throw std::bad_alloc(); }) == SPAR_E_MEMORY);
    CHECK(code_of([] { throw std::runtime_error("x"); }) == SPAR_E_INTERNAL);
    CHECK(code_of([] { throw 3; }) == SPAR_E_INTERNAL);
    CHECK(code_of([] { throw spar::Error(SPAR_OK, "no failure"); }) == SPAR_E_INTERNAL);
    CHECK(spar::guarded(nullptr, [] { throw spar::invalid("nobody listens"); }) == SPAR_E_INVALID);
}

TEST_CASE("long messages are cut, and those without an end or a text are none") {
    spar_error error = spar::empty_error();
    spar::fill(&error, SPAR_E_DATA, std::string(10000, 'x'), std::string(10000, 'p'));
    CHECK(std::strlen(error.message) == sizeof error.message - 1);
    CHECK(std::strlen(error.pointer) == sizeof error.pointer - 1);
    const auto said = [](auto &&call) {
        try {
            spar::checked(call);
        } catch (const spar::Error &e) {
            return std::string(e.what());
        }
        return std::string();
    };
    CHECK(said([](spar_error *) { return SPAR_E_DATA; }) == "failed without a message");
    CHECK(said([](spar_error *e) {
              std::memset(e->message, 'y', sizeof e->message);
              std::memset(e->pointer, 'z', sizeof e->pointer);
              return SPAR_E_DATA;
          }).size() == sizeof error.message - 1);
}

TEST_CASE("a struct of an older or newer side is read as far as both know it") {
    spar_query query{};
    query.count = 7;
    query.struct_size = offsetof(spar_query, count) + sizeof query.count;
    query.outputs = reinterpret_cast<float *>(8);  // beyond what the older side knows
    const spar_query old = spar::read_struct(&query);
    CHECK((old.count == 7 && old.outputs == nullptr));
    CHECK(old.struct_size == sizeof(spar_query));

    struct {
        spar_query known;
        std::uint64_t later = 0;
    } longer{};
    longer.known.struct_size = sizeof longer;
    longer.known.count = 3;
    CHECK(spar::read_struct(&longer.known).count == 3);
    longer.later = 1;  // a field that this side would pass over
    CHECK_THROWS_AS(spar::read_struct(&longer.known), spar::Error);
}
