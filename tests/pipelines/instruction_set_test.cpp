// The instruction set that the model computes with: in the provenance, and the same when a run goes
// on.
#include "pipelines.hpp"

using namespace spar::test;

TEST_CASE("another instruction set is refused, or recorded") {
    const Folder folder;
    Json json = small_pipeline();
    json["train"]["epochs"] = 1;
    const std::string file = write(folder, "p.json", json);
    const auto with_isa = [&](const char *isa, const std::string &how) {
        return spar::test::spar({"run", file, "--out", folder / "out", how}, {{"SPAR_ISA", isa}});
    };
    const auto provenance = [&] {
        return Json::parse(file_content(folder / "out/results.json"))["provenance"];
    };
    run({file, "--out", folder / "out"});
    const std::string here = provenance()["isa"];
    if (here == "plain") return;  // there are no fewer
    const Ended refused = with_isa("plain", "--resume");
    INFO(refused.err);
    CHECK(refused.code == 9);
    CHECK(refused.says(here + " then, plain now"));
    CHECK(with_isa("plain", "--resume=anyway").code == 0);
    CHECK(provenance()["isa"] == "plain");
    CHECK(provenance()["changes"].size() == 1);
    const Ended wrong = with_isa("avx9", "--resume");
    INFO(wrong.err);
    CHECK(wrong.code == 3);
    CHECK(wrong.says("SPAR_ISA is \"avx9\", expected plain, avx2, avx512 or amx"));
}
