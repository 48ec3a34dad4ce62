// Modules that read texts: vectors in place of the embedding's, masks, and its gradients.
#include "fixture.hpp"
#include "process.hpp"
#include "python.hpp"

#include "base/json.hpp"

#include <cmath>
#include <sstream>

using namespace fixture;

namespace {

/// The mean of the vectors that the mask lets through, and a layer; called in two ways.
const std::string by_replacement = R"(
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(30, 4)
        self.fc = torch.nn.Linear(4, 2)
    def forward(self, ids, mask):
        x, on = self.words(ids), (mask > 0).float().unsqueeze(2)
        return self.fc(torch.tanh((x * on).sum(1) / on.sum(1)))
net = Net()
)";
/// As Hugging Face's classifiers have it.
const std::string by_vectors = R"(
import torch, types
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.words = torch.nn.Embedding(30, 4)
        self.fc = torch.nn.Linear(4, 2)
    def forward(self, input_ids=None, attention_mask=None, token_type_ids=None, inputs_embeds=None):
        x = self.words(input_ids) if inputs_embeds is None else inputs_embeds
        assert attention_mask.dtype == token_type_ids.dtype == torch.int64
        on = attention_mask.float().unsqueeze(2)
        z = self.fc(torch.tanh((x * on).sum(1) / on.sum(1))) + token_type_ids.sum(1, keepdim=True)
        return types.SimpleNamespace(logits=z)
net = Net()
)";

const std::vector<std::int64_t> tokens{3, 7, 7, 0, 29, 1, 0, 0};  // two texts of four
const Floats mask{1, 1, 1, 0, 1, 2, 0, 0};

/// The extension, asked as the host does.
struct Texts {
    explicit Texts(Net &net)
        : net(net),
          table(*static_cast<const spar_embedding *>(
              net.table().extension(net.self(), SPAR_MODEL_EMBEDDING))) {}

    Floats embed() const {
        Floats vectors(32);
        spar::checked([&](spar_error *e) {
            return table.embed(net.self(), ids.view(), marks.view(), vectors.data(), e);
        });
        return vectors;
    }
    void accumulate(const Floats &gradient) const {
        spar::checked([&](spar_error *e) {
            return table.accumulate(net.self(), ids.view(), marks.view(), gradient.data(), e);
        });
    }
    Values pass(const Floats &vectors, const Floats &at, spar_wants wants) {
        spar::View x(vectors.data(), spar::View::float32, Shape{2, 4, 4});
        Values values{Floats(4), Floats(32)};
        auto head = [&](std::int64_t first, std::int64_t count, const float *, float *out) {
            if (out != nullptr) std::copy_n(at.data() + first * 2, count * 2, out);
        };
        const spar::HeadRef ref(head);
        spar_pass request{};
        request.struct_size = sizeof request;
        request.wants = wants;
        request.space = SPAR_SPACE_EMBEDDING;
        request.x = x.view();
        request.mask = marks.view();
        request.head = ref.function;
        request.head_context = ref.context;
        request.outputs = values.outputs.data();
        request.dx = values.dx.data();
        spar::checked([&](spar_error *e) { return net.table().pass(net.self(), &request, e); });
        return values;
    }

    Net &net;
    const spar_embedding &table;
    mutable spar::View ids{tokens.data(), spar::View::int64, Shape{2, 4}};
    mutable spar::View marks{mask.data(), spar::View::float32, Shape{2, 4}};
};

void check_net(const std::string &source, const std::string &python, double shift) {
    Net net(source, R"("embedding": "words", "interpreter": ")" + python + "\"");
    net.set_up({4}, SPAR_INPUT_TOKENS);
    Texts texts(net);
    CHECK(texts.table.width(net.self()) == 4);
    std::ranges::copy(numbers(120, 1), net.value("words.weight").begin());
    std::ranges::copy(numbers(8, 2), net.value("fc.weight").begin());
    std::ranges::copy(Floats{0.5F, -0.25F}, net.value("fc.bias").begin());
    net.changed();
    const Floats vectors = texts.embed();
    for (std::size_t i = 0; i < 8; ++i)
        for (std::size_t k = 0; k < 4; ++k)
            CHECK(vectors[4 * i + k] ==
                  net.value("words.weight")[4 * static_cast<std::size_t>(tokens[i]) + k]);

    const Floats at{1, -2, 0.5F, 3};
    const Values found =
        texts.pass(vectors, at, SPAR_WANT_INPUT_GRADIENT | SPAR_WANT_PARAMETER_GRADIENTS);
    const Floats w = numbers(8, 2);
    for (std::size_t r = 0; r < 2; ++r) {
        const double on = r == 0 ? 3 : 2;
        for (std::size_t j = 0; j < 2; ++j) {
            double z = (j == 0 ? 0.5 : -0.25) + (r == 1 ? shift : 0);
            for (std::size_t k = 0; k < 4; ++k) {
                double mean = 0;
                for (std::size_t i = 0; i < 4; ++i)
                    if (mask[4 * r + i] > 0) mean += vectors[16 * r + 4 * i + k] / on;
                z += w[4 * j + k] * std::tanh(mean);
            }
            CHECK(found.outputs[2 * r + j] == doctest::Approx(z).epsilon(1e-5));
        }
        for (std::size_t i = 0; i < 4; ++i)
            for (std::size_t k = 0; k < 4; ++k) {
                double mean = 0, slope = 0;
                for (std::size_t o = 0; o < 4; ++o)
                    if (mask[4 * r + o] > 0) mean += vectors[16 * r + 4 * o + k] / on;
                for (std::size_t j = 0; j < 2; ++j) slope += at[2 * r + j] * w[4 * j + k];
                slope *= (1 - std::pow(std::tanh(mean), 2)) / on;
                CHECK(found.dx[16 * r + 4 * i + k] ==
                      doctest::Approx(mask[4 * r + i] > 0 ? slope : 0).epsilon(1e-4));
            }
    }
    for (const float gradient : net.gradient("words.weight")) CHECK(gradient == 0);
    CHECK(net.gradient("fc.bias")[1] == 1);
    texts.accumulate(numbers(32, 3));
    texts.accumulate(numbers(32, 3));
    const Floats g = numbers(32, 3);
    for (std::size_t k = 0; k < 4; ++k) {
        CHECK(net.gradient("words.weight")[4 * 7 + k] ==
              doctest::Approx(2 * (g[4 + k] + g[8 + k])));
        CHECK(net.gradient("words.weight")[4 * 29 + k] == doctest::Approx(2 * g[16 + k]));
        CHECK(net.gradient("words.weight")[4 * 2 + k] == 0);
    }
}

}  // namespace

TEST_CASE("vectors take the embedding's place, and reach its gradients") {
    const auto python = spar::test::python_with("torch");
    if (!python) return;
    check_net(by_replacement, *python, 0);
    check_net(by_vectors, *python, 1);  // one token is of the second text
}

TEST_CASE("a classifier of Hugging Face's gives its own logits from vectors, and their gradient") {
    const auto python = spar::test::python_with("transformers, torch");
    if (!python) return;
    Net net(R"(
import os, torch
from transformers import BertConfig, BertForSequenceClassification
net = BertForSequenceClassification(BertConfig(vocab_size=30, hidden_size=4, num_hidden_layers=2, num_attention_heads=2,
                                               intermediate_size=8, max_position_embeddings=8)).eval()
mask = torch.tensor([[1, 1, 1, 0], [1, 2, 0, 0]])
z = net(input_ids=torch.tensor([[3, 7, 7, 0], [29, 1, 0, 0]]), attention_mask=(mask > 0).long(),
        token_type_ids=(mask == 2).long()).logits
with open(os.path.dirname(__file__) + "/expected", "w") as file:
    file.write(" ".join(str(value) for value in z.flatten().tolist()))
)",
            R"("embedding": "bert.embeddings.word_embeddings", "interpreter": ")" + *python + "\"");
    net.set_up({4}, SPAR_INPUT_TOKENS);
    Texts texts(net);
    const Floats at{1, -2, 0.5F, 3}, vectors = texts.embed(), direction = numbers(32, 6);
    const Values found = texts.pass(vectors, at, SPAR_WANT_INPUT_GRADIENT);
    std::istringstream expected(spar::test::file_content(net.folder() / "expected"));
    for (const float value : found.outputs) {
        double wanted = 0;
        expected >> wanted;
        REQUIRE(!expected.fail());
        CHECK(value == doctest::Approx(wanted).epsilon(1e-4));
    }
    double slope = 0, differences = 0;
    for (std::size_t i = 0; i < 32; ++i) slope += double{found.dx[i]} * direction[i];
    for (const float step : {-1e-3F, 1e-3F}) {
        Floats moved = vectors;
        for (std::size_t i = 0; i < 32; ++i) moved[i] += step * direction[i];
        const Floats outputs = texts.pass(moved, at, 0).outputs;
        for (std::size_t i = 0; i < 4; ++i)
            differences += double{at[i]} * outputs[i] * (step > 0 ? 1 : -1) / 2e-3;
    }
    CHECK(slope == doctest::Approx(differences).epsilon(0.02));
}

TEST_CASE("a text needs an embedding, which is named where it is missing") {
    const auto python = spar::test::python_with("torch");
    if (!python) return;
    const auto refusal = [&](const std::string &source, const std::string &options) {
        return refusal_of([&] {
            Net net(source, options + R"("interpreter": ")" + *python + "\"");
            net.set_up({4}, SPAR_INPUT_TOKENS);
        });
    };
    CHECK(refusal(by_vectors, "").says("in \"embedding\"; embeddings here: words"));
    CHECK(refusal(by_vectors, R"("embedding": "fo", )").says("no module 'fo'"));
    Net plain_function(squares, plain);
    CHECK(refusal_of([&] {
              plain_function.set_up({4}, SPAR_INPUT_TOKENS);
          }).says("a function of arrays has no embedding"));
}

TEST_CASE("a classifier of texts is trained and attacked in the space of its embedding") {
    const auto python = spar::test::python_with("torch");
    if (!python) return;
    const spar::test::Folder folder;
    folder.write("net.py", by_vectors);
    std::string lines;
    for (int i = 0; i < 60; ++i)
        lines += i % 2 == 0 ? "0\tdull and slow\n" : "1\tbright and quick\n";
    folder.write("texts.tsv", lines);
    const std::string file = folder.write("p.json", R"({"version": 2, "name": "texts", "seed": 1,
        "data": {"train": {"type": "text", "file": "texts.tsv"},
                 "test": {"type": "text", "file": "texts.tsv"},
                 "tokenizer": {"type": "words"}, "max_length": 6},
        "model": {"type": "python", "call": "net.py:net", "embedding": "words", "interpreter": ")" +
                                                        *python + R"("},
        "threat": {"norm": "l2", "eps": 0.1, "space": "embedding"},
        "train": {"method": {"type": "pgd_at", "attack": {"type": "pgd", "steps": 2}},
                  "loss": {"type": "cross_entropy"},
                  "optimizer": {"type": "adam", "lr": 0.05}, "epochs": 4, "batch_size": 10},
        "evaluate": {"attacks": [{"type": "pgd", "steps": 5}]}})");
    const auto ended = spar::test::spar({"run", file, "--out", folder / "out"});
    INFO(ended.all());
    REQUIRE(ended.code == 0);
    const auto results =
        spar::host::Json::parse(spar::test::file_content(folder / "out/results.json"));
    CHECK(results["evaluation"]["clean_accuracy"] == 1.0);
    CHECK(results["evaluation"]["attacks"][0]["robust_accuracy"] == 1.0);
}
