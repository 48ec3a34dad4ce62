// Checkpoints that PyTorch wrote, compared byte for byte with what PyTorch read from them.
#include "fixtures.hpp"

#include "weights/safetensors.hpp"

using namespace spar;
using namespace spar::test;

namespace {

void check_same(const std::string &torch, const std::string &safetensors,
                const std::string &key = "") {
    const auto ours = host::open_tensors(fixture(torch), key);
    const host::SafetensorsFile theirs(fixture(safetensors));
    CHECK(ours->tensors().size() == theirs.tensors().size());
    for (const auto &entry : theirs.tensors()) {
        const std::string &name = entry.first;
        CAPTURE(name);
        REQUIRE(ours->tensors().contains(name));
        CHECK(ours->tensors().at(name).type == entry.second.type);
        CHECK(ours->tensors().at(name).shape == entry.second.shape);
        CHECK((ours->bytes(name) == theirs.bytes(name)));
        CHECK((ours->read(name) == theirs.read(name)));
    }
}

}  // namespace

TEST_CASE("every type of number, and views with strides and offsets, are what PyTorch sees") {
    check_same("types.pt", "types.safetensors");
    check_same("deflated.pt", "types.safetensors");
    check_same("protocol4.pt", "types.safetensors");
}

TEST_CASE("a state_dict, and one inside a checkpoint beside optimizer, scheduler and settings") {
    check_same("cnn.pt", "cnn.safetensors");
    check_same("checkpoint.pt", "cnn.safetensors", "state_dict");
    const auto ema = host::open_tensors(fixture("checkpoint.pt"), "model.ema");
    const host::SafetensorsFile plain(fixture("cnn.safetensors"));
    REQUIRE(ema->tensors().size() == plain.tensors().size());
    for (const auto &entry : plain.tensors())
        CHECK((ema->bytes("module." + entry.first) == plain.bytes(entry.first)));
}

TEST_CASE("parameters are tensors") {
    const auto parameters = host::open_tensors(fixture("parameters.pt"));
    const host::SafetensorsFile plain(fixture("cnn.safetensors"));
    CHECK(parameters->tensors().size() == 6);  // without the normalisation's buffers
    for (const auto &entry : parameters->tensors())
        CHECK((parameters->bytes(entry.first) == plain.bytes(entry.first)));
}

TEST_CASE("a checkpoint's entries are named to one who has named none, or the wrong one") {
    check_says(refusal_of(fixture("checkpoint.pt")),
               {"checkpoint.pt", "no tensors by name", "\"model.ema\" (9 tensors)",
                "\"state_dict\" (9 tensors)", "\"key\""});
    check_says(refusal_of(fixture("checkpoint.pt"), "state"),
               {"no entry \"state\"", "\"state_dict\" (9 tensors)"});
    check_says(refusal_of(fixture("checkpoint.pt"), "epoch"),
               {"its entry \"epoch\" is a number", "torch.save(model.state_dict()"});
    check_says(refusal_of(fixture("checkpoint.pt"), "args"), {"\"args\" holds no tensors"});
    check_says(refusal_of(fixture("cnn.safetensors"), "state_dict"),
               {"no entries to choose from", "\"state_dict\""});
}
