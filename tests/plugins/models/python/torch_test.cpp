// A torch.nn.Module beside the same net in `sequential`: numbers, gradients, statistics, modes.
#include "fixture.hpp"
#include "python.hpp"

#include <cmath>
#include <functional>

using namespace fixture;

namespace {

/// One net in two engines.
const std::string module = R"(
import torch
from torch import nn
net = nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
                    nn.Conv2d(4, 6, 3), nn.BatchNorm2d(6, momentum=0.3), nn.Tanh(), nn.Flatten(), nn.Linear(24, 3))
)";
const std::string layers = R"({"type": "sequential", "layers": [
    {"type": "conv", "out": 4, "kernel": 3, "padding": 1}, {"type": "batchnorm"}, {"type": "relu"},
    {"type": "maxpool", "kernel": 2}, {"type": "conv", "out": 6, "kernel": 3},
    {"type": "batchnorm", "momentum": 0.3}, {"type": "tanh"}, {"type": "flatten"}, {"type": "linear", "out": 3}]})";
const Shape shape{2, 8, 8};

void check_close(std::span<const float> a, std::span<const float> b, const std::string &what) {
    CAPTURE(what);
    REQUIRE(a.size() == b.size());
    float largest = 0.5F, apart = 0;  // gradients that cancel are noise
    for (std::size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(a[i]));
        apart = std::max(apart, std::abs(a[i] - b[i]));
    }
    CHECK(apart <= 2e-5F * largest);
}

struct Twins {
    explicit Twins(const std::string &python)
        : torch(module, R"("interpreter": ")" + python + "\""), own(Net::of(layers)) {
        torch.set_up(shape);
        own.set_up(shape);
        for (const auto &entry : own.parameters()) {
            const std::string &name = entry.first;
            REQUIRE(torch.has(name));
            CHECK(torch.at(name).flags == (own.at(name).flags & SPAR_PARAMETER_TRAINABLE));
            if (name.ends_with("num_batches_tracked")) continue;
            const Floats some = numbers(std::ssize(own.value(name)), static_cast<int>(name.size()));
            for (std::size_t i = 0; i < some.size(); ++i)
                torch.value(name)[i] = own.value(name)[i] += 0.1F * std::abs(some[i]);
        }
        CHECK(torch.parameters().size() == own.parameters().size());
        both([](Net &net) { net.changed(); });
    }

    /// The same to both, which must then agree in every parameter.
    void both(const std::function<void(Net &)> &work) {
        work(torch);
        work(own);
        for (const auto &entry : own.parameters()) {
            const std::string &name = entry.first;
            check_close(own.value(name), torch.value(name), name);
            if (own.at(name).gradient != nullptr)
                check_close(own.gradient(name), torch.gradient(name), name + " gradient");
        }
    }
    void both_agree(const std::function<Values(Net &)> &work) {
        std::vector<Values> found;
        both([&](Net &net) { found.push_back(work(net)); });
        check_close(found[1].outputs, found[0].outputs, "outputs");
        check_close(found[1].dx, found[0].dx, "dx");
    }

    Net torch, own;
};

constexpr spar_wants parameters = SPAR_WANT_PARAMETER_GRADIENTS;
constexpr spar_wants everything = SPAR_WANT_INPUT_GRADIENT | SPAR_WANT_PARAMETER_GRADIENTS;

const Floats x = numbers(5 * 128, 1), at = numbers(15, 2), other = numbers(7 * 128, 3),
             at_other = numbers(21, 4);

std::string message_of(const std::string &source, const std::string &options) {
    try {
        Net net(source, options);
        net.set_up({3});
        const Floats ones(6, 1.0F), ct(4, 1.0F);
        net.pass(ones, &ct);
    } catch (const spar::Error &error) {
        return error.what();
    } catch (const spar::host::Failure &failure) {
        return failure.what();
    }
    return "nothing was refused";
}

}  // namespace

TEST_CASE("a module agrees with sequential in outputs, gradients and statistics, in both modes") {
    const auto python = spar::test::python_with("torch");
    if (!python) return;
    Twins twins(*python);
    for (const spar_mode mode : {SPAR_MODE_EVAL, SPAR_MODE_TRAIN}) {
        twins.both_agree([&](Net &net) { return net.pass(x, nullptr, 0, 0, mode); });
        twins.both_agree(
            [&](Net &net) { return net.pass(x, &at, SPAR_WANT_INPUT_GRADIENT, 0, mode); });
        twins.both_agree([&](Net &net) { return net.pass(other, &at_other, everything, 0, mode); });
        twins.both_agree([&](Net &net) { return net.pass(x, &at, parameters, 0, mode); });
    }
    CHECK(twins.torch.value("1.num_batches_tracked")[0] ==
          doctest::Approx(twins.own.value("1.num_batches_tracked")[0]));
}

TEST_CASE("an attack in training mode changes no statistics, and a tape changes them once") {
    const auto python = spar::test::python_with("torch");
    if (!python) return;
    Twins twins(*python);
    const auto mean = [&] {
        const auto values = twins.torch.value("1.running_mean");
        return Floats(values.begin(), values.end());
    };
    const Floats before = mean();
    const auto tape = [&](Net &net, const Floats &input, std::int32_t slot) {
        net.pass(input, nullptr, 0, slot, SPAR_MODE_TRAIN);
    };
    twins.both([&](Net &net) {
        net.pass(x, &at, SPAR_WANT_INPUT_GRADIENT, 0, SPAR_MODE_TRAIN);
        tape(net, x, 1);
        tape(net, other, 2);
        net.backward(1, at);
    });
    CHECK(mean() == before);
    twins.both_agree([&](Net &net) { return Values{{0}, net.backward(2, at_other, everything)}; });
    const Floats once = mean();
    CHECK(once != before);
    twins.both([&](Net &net) { net.backward(2, at_other, parameters); });
    CHECK(mean() == once);
    twins.both([&](Net &net) { net.backward(1, at, parameters); });  // after another has learned
    CHECK(mean() != once);
}

TEST_CASE("dropout follows the key, and statistics do not follow a model in evaluation mode") {
    const auto python = spar::test::python_with("torch");
    if (!python) return;
    Net net("import torch\nnet = torch.nn.Dropout(0.5)\n", R"("interpreter": ")" + *python + "\"");
    net.set_up({40});
    const Floats ones(80, 1.0F);
    const auto dropped = [&](std::uint64_t key, spar_mode mode = SPAR_MODE_TRAIN) {
        return net.pass(ones, &ones, 1, 0, mode, key);
    };
    const Values first = dropped(1), second = dropped(2), again = dropped(1);
    CHECK(first.outputs == again.outputs);
    CHECK(first.dx == first.outputs);
    CHECK(first.outputs != second.outputs);
    CHECK(dropped(1, SPAR_MODE_EVAL).outputs == ones);
}

TEST_CASE("frozen parameters, other types and what a class makes are handed over as they are") {
    const auto python = spar::test::python_with("torch");
    if (!python) return;
    const std::string source = R"(
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = torch.nn.Linear(3, 2).double()
        self.frozen = torch.nn.Parameter(torch.ones(3).double(), requires_grad=False)
        self.register_buffer("shift", torch.zeros(3), persistent=False)
    def forward(self, x):
        return self.fc(x * self.frozen)
)";
    Net net(source, R"("interpreter": ")" + *python + "\"", "Net");
    net.set_up({3});
    CHECK(net.at("frozen").flags == 0);
    CHECK(net.at("fc.weight").flags == SPAR_PARAMETER_TRAINABLE);
    CHECK(!net.has("shift"));
    std::ranges::copy(Floats{1, 2, 3, 4, 5, 6}, net.value("fc.weight").begin());
    std::ranges::copy(Floats{0.5F, -1}, net.value("fc.bias").begin());
    net.changed();
    const Floats one{1, 1, 2}, ct{1, 10};
    const Values found = net.pass(one, &ct, everything);
    CHECK(found.outputs == Floats{9.5F, 20});
    CHECK(found.dx == Floats{41, 52, 63});
    CHECK(net.gradient("fc.weight")[5] == 20);
    CHECK(net.gradient("fc.bias")[1] == 10);
}

TEST_CASE("initial weights follow the pipeline's seed, whether the file makes them or a class") {
    const auto python = spar::test::python_with("torch");
    if (!python) return;
    const std::string source =
        "import torch\nnet = torch.nn.Linear(3, 2)\n"
        "def made(): return torch.nn.Linear(3, 2)\n";
    for (const std::string name : {"net", "made"}) {
        std::vector<Floats> weights;
        for (const std::uint64_t seed : {1, 1, 2}) {
            Net net(source, R"("interpreter": ")" + *python + "\"", name, seed);
            net.set_up({3});
            weights.emplace_back(net.value("weight").begin(), net.value("weight").end());
        }
        CHECK(weights[0] == weights[1]);
        CHECK(weights[0] != weights[2]);
    }
}

TEST_CASE("a module without gradients, with classes or with a wrong word is told what is wrong") {
    const auto python = spar::test::python_with("torch");
    if (!python) return;
    const std::string options = R"("interpreter": ")" + *python + "\"";
    const auto doing = [&](const std::string &body) {
        return message_of(
            "import torch\nclass Net(torch.nn.Module):\n    def forward(self, x):\n"
            "        w = torch.ones(3, 2, requires_grad=True)\n        return " +
                body + "\nnet = Net()\n",
            options);
    };
    const auto check = [](const std::string &found, const std::string &text) {
        CAPTURE(found);
        CHECK(found.find(text) != std::string::npos);
    };
    check(doing("x @ w"), "nothing was refused");
    check(doing("x.detach() @ w"), "no gradient at the input: something in it leaves PyTorch's");
    check(doing("(x @ w).detach()"), "outputs have no gradient");
    check(doing("(x @ w).argmax(1)"), "of type torch.int64, expected floating-point logits");
    check(doing("x.sum(1)"), "outputs of shape [2] for 2 examples of shape [3]");
    check(doing("(x @ w).mean(0, keepdim=True)"), "outputs of shape [1,2] for 2 examples");
    check(doing("x @ torch.ones(4, 2)"), "net.py, line 5, in forward: return x @ torch.ones(4, 2)");
    check(doing("[x]"), "an object of type list");
    check(message_of("import torch\nnet = torch.nn.Linear(3, 2)\n",
                     options + R"(, "device": "nowhere")"),
          "nowhere");
}

TEST_CASE("cuda: a module on a GPU computes there") {
    const auto python = spar::test::python_with("torch");
    if (!python) return;
    const std::string command = *python + " -c 'import torch; assert torch.cuda.is_available()'";
    if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) {
        MESSAGE("SKIPPED: PyTorch sees no GPU");
        return;
    }
    const std::string source = "import torch\nnet = torch.nn.Linear(3, 2)\n";
    Net here(source, R"("interpreter": ")" + *python + "\"");
    Net there(source, R"("interpreter": ")" + *python + R"(", "device": "cuda")");
    here.set_up({3});
    there.set_up({3});
    const Floats six = numbers(6), ct = numbers(4);
    for (Net *net : {&here, &there}) {
        std::ranges::copy(numbers(6, 7), net->value("weight").begin());
        net->changed();
    }
    const Values a = here.pass(six, &ct, everything), b = there.pass(six, &ct, everything);
    check_close(a.outputs, b.outputs, "outputs");
    check_close(a.dx, b.dx, "dx");
    check_close(here.gradient("weight"), there.gradient("weight"), "gradient");
}
