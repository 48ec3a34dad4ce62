// Files that are cut off, altered or made to do harm: an error each, and nothing else.
#include "fixture.hpp"
#include "writer.hpp"

using namespace fixture;

namespace {

std::string content_of(const std::string &file) {
    std::ifstream stream(nets() / (file + ".onnx"), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Reads and imports; an error's text, or nothing.
std::string fault(const std::string &bytes, const Shape &examples, const std::string &folder = "") {
    try {
        const Model model = parse_model(bytes, folder);
        sequential::Graph graph(16, examples);
        Book book(graph.parameters);
        Importer importer(model, graph, book, examples, false);
        importer.build("", false);
        return {};
    } catch (const spar::Error &error) {
        CHECK(std::string(error.what()) != "");
        return error.what();
    }
}

bool has(const std::string &text, const std::string &part) {
    return text.find(part) != std::string::npos;
}

void refuse(const writer::File &file, const std::vector<std::string> &parts,
            const std::string &folder = "") {
    const std::string text = fault(file.text(), {4}, folder);
    for (const std::string &part : parts) CHECK_MESSAGE(has(text, part), text);
}

writer::Node relu(const std::string &from, const std::string &to) {
    return {"Relu", {from}, {to}};
}

}  // namespace

TEST_CASE("a file that is cut off anywhere is refused") {
    for (const std::string file : {"mlp/old", "mlp/new"}) {
        const std::string whole = content_of(file);
        CHECK(fault(whole, {3, 4, 4}) == "");
        int accepted = 0;
        for (std::size_t size = 0; size < whole.size(); ++size)
            accepted += fault(whole.substr(0, size), {3, 4, 4}).empty() ? 1 : 0;
        // A cut between two fields of the model leaves a sound file, of fewer fields.
        CHECK(accepted <= 4);
    }
}

TEST_CASE("altered bytes do no harm") {
    for (const std::string file : {"mlp/old", "lenet/new", "sequence/new"}) {
        CAPTURE(file);
        const std::string whole = content_of(file);
        const Shape examples = example_of(Record(net_of(file)).tensor("input_0"));
        spar::Random random(9, 0);
        std::int64_t draw = 0;
        int refused = 0;
        for (int round = 0; round < 1500; ++round) {
            std::string bytes = whole;
            for (std::int64_t i = 0; i <= random.below(draw++, 3); ++i) {
                // Most of a file is weights; what describes them is at the beginning of each.
                const auto at = static_cast<std::size_t>(
                    random.below(draw++, static_cast<std::int64_t>(bytes.size())));
                bytes[at] = static_cast<char>(random.below(draw++, 256));
            }
            refused += fault(bytes, examples).empty() ? 0 : 1;
        }
        CHECK(refused > 20);
    }
}

TEST_CASE("lengths beyond the file, and numbers without an end") {
    const std::string sound = writer::File{.nodes = {relu("x", "y")}}.text();
    CHECK(fault(sound, {4}) == "");
    CHECK(has(fault(sound + writer::varint(7 << 3 | 2) + writer::varint(1ULL << 62), {4}),
              "may be cut off"));
    CHECK(has(fault(sound + std::string(11, '\xFF'), {4}), "ten bytes"));
    CHECK(has(fault("", {4}), "holds no graph"));
    writer::File file{.nodes = {{"Add", {"x", "c"}, {"y"}}}};
    file.tensors = {writer::tensor("c", {1LL << 40, 1LL << 40}, {1})};
    refuse(file, {"\"c\"", "more than"});
    file.tensors = {writer::tensor("c", {-4}, {1})};
    refuse(file, {"\"c\"", "fewer than none"});
    file.tensors = {writer::tensor("c", {5}, {1, 2})};
    refuse(file, {"\"c\"", "8 bytes, expected 20"});
}

TEST_CASE("graphs that are none") {
    refuse({.nodes = {{"Add", {"x", "b"}, {"a"}}, {"Add", {"a", "x"}, {"b"}}, relu("b", "y")}},
           {"the_Add", "\"b\"", "no initialiser, input or earlier node"});
    refuse({.nodes = {relu("x", "y"), relu("x", "y")}}, {"the_Relu", "\"y\"", "another node"});
    refuse({.nodes = {relu("x", "x"), relu("x", "y")}}, {"the_Relu", "\"x\"", "something else"});
    refuse({.nodes = {relu("z", "y")}}, {"\"z\"", "onnx.checker"});
    refuse({.nodes = {{"Relu", {}, {"y"}}}}, {"the_Relu", "input 1 is missing"});
    refuse({.nodes = {relu("x", "z")}}, {"no node writes the output \"y\""});
    writer::File twice{.nodes = {{"Add", {"x", "c"}, {"y"}}}};
    twice.tensors = {writer::tensor("c", {1}, {1}), writer::tensor("c", {1}, {1})};
    refuse(twice, {"two initialisers are called \"c\""});
}

TEST_CASE("what is not supported is named, with a way on") {
    refuse({.nodes = {{"Loop", {"x"}, {"y"}}}},
           {"node \"the_Loop\" (Loop)", "not supported", "dynamo=False", "opset_version=17"});
    refuse({.nodes = {{"FusedMatMul", {"x"}, {"y"}, "", "com.microsoft"}}},
           {"FusedMatMul", "com.microsoft"});
    writer::File file{.nodes = {relu("x", "y")}};
    file.inputs = {writer::port("x", {8, 4})};
    refuse(file, {"batches of 8", "dynamic_axes"});
    file.inputs = {writer::port("x", {-1, 5})};
    refuse(file, {"examples [5]", "data's are [4]"});
    file.inputs = {writer::port("x", {-1, 4}, 7)};
    refuse(file, {"int64", "embedding"});
    file.inputs.push_back(writer::port("w", {-1, 4}));
    refuse(file, {"2 inputs (x, w)"});
    file = {.nodes = {relu("x", "y")}, .opset = 5};
    refuse(file, {"version 5", "version_converter"});
}

TEST_CASE("windows beyond all memory are refused before any is taken") {
    const auto pool = [](std::uint64_t padding) {
        const std::string attributes = writer::list("kernel_shape", {1, 1}) +
                                       writer::list("pads", {padding, padding, padding, padding});
        writer::File file{
            .nodes = {{"AveragePool", {"x"}, {"a"}, attributes}, {"Flatten", {"a"}, {"y"}}}};
        file.inputs = {writer::port("x", {-1, 1, 4, 4})};
        return fault(file.text(), {1, 4, 4});
    };
    CHECK(pool(0) == "");
    CHECK_MESSAGE(has(pool(20000), "the_AveragePool"), pool(20000));
    CHECK_MESSAGE(has(pool(20000), "absurd number of windows"), pool(20000));
}

TEST_CASE("other files are read in the model's folder alone") {
    namespace fs = std::filesystem;
    const fs::path folder = fs::temp_directory_path() / "spar_onnx_elsewhere";
    fs::remove_all(folder);
    fs::create_directories(folder / "model");
    const std::vector<float> values{1, 2, 3, 4};
    for (const fs::path &place : {folder / "outside", folder / "model/inside"})
        std::ofstream(place, std::ios::binary)
            .write(reinterpret_cast<const char *>(values.data()), 16);
    fs::create_symlink(folder / "outside", folder / "model/link");
    const auto file = [&](const std::string &location, std::uint64_t size = 4) {
        writer::File file{.nodes = {{"Add", {"x", "c"}, {"y"}}}};
        const auto entry = [](const std::string &key, const std::string &value) {
            return writer::bytes(13, writer::bytes(1, key) + writer::bytes(2, value));
        };
        file.tensors = {writer::integer(1, size) + writer::integer(2, 1) + writer::bytes(8, "c") +
                        entry("location", location) + writer::integer(14, 1)};
        return file;
    };
    const std::string home = (folder / "model").string();
    CHECK(fault(file("inside").text(), {4}, home) == "");
    refuse(file("inside", 5), {"16 bytes, fewer"}, home);
    refuse(file("../outside"), {"own folder"}, home);
    refuse(file((folder / "outside").string()), {"own folder"}, home);
    refuse(file("link"), {"leads out"}, home);
    refuse(file("nothing"), {"not there", "external_data=False"}, home);
    fs::remove_all(folder);
}
