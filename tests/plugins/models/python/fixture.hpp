// A user's file and the model made of it, asked through the contract as the host asks it.
#pragma once

#include "plugin_loader.hpp"

#include <spar/head.hpp>
#include <spar/tensor.hpp>

#include <doctest/doctest.h>
#include <map>
#include <string>
#include <vector>

namespace fixture {

using Floats = std::vector<float>;
using Shape = std::vector<std::int64_t>;

/// What the model says when it refuses.
struct Refusal {
    spar_status status = SPAR_OK;
    std::string message, pointer;

    bool says(const std::string &text) const { return message.find(text) != std::string::npos; }
};

struct Values {
    Floats outputs, dx;
};

class Net {
  public:
    /// `options` is more of the node, as R"("timeout": 1)".
    explicit Net(const std::string &source, const std::string &options = "",
                 const std::string &name = "net", std::uint64_t seed = 1)
        : made_(SPAR_KIND_MODEL,
                R"({"type": "python", "call": ")" + folder_.write("net.py", source) + ":" + name +
                    "\"" + (options.empty() ? "" : ", " + options) + "}",
                seed) {}

    /// Any model, from its node.
    static Net of(const std::string &node) { return Net(Node{node}); }

    void set_up(const Shape &shape, spar_input_kind input = SPAR_INPUT_VALUES) {
        shape_ = shape;
        spar_model_setup setup{};
        setup.struct_size = sizeof setup;
        setup.input = input;
        setup.rank = static_cast<std::int32_t>(shape.size());
        std::copy(shape.begin(), shape.end(), setup.shape);
        setup.outputs = 2;
        spar::checked([&](spar_error *e) { return table().setup(self(), &setup, e); });
        outputs_ = table().outputs(self());
        for (std::int64_t i = 0; i < table().parameter_count(self()); ++i) {
            spar_parameter parameter{};
            parameter.struct_size = sizeof parameter;
            spar::checked(
                [&](spar_error *e) { return table().parameter(self(), i, &parameter, e); });
            parameters_[parameter.name] = parameter;
        }
    }

    std::int64_t outputs() const { return outputs_; }
    std::int64_t size() const { return spar::product(shape_); }
    bool has(const std::string &name) const { return parameters_.count(name) > 0; }
    std::span<float> value(const std::string &name) const {
        return {at(name).value, size_of(at(name))};
    }
    std::span<float> gradient(const std::string &name) const {
        return {at(name).gradient, size_of(at(name))};
    }
    const spar_parameter &at(const std::string &name) const {
        REQUIRE(has(name));
        return parameters_.at(name);
    }
    void changed() { table().parameters_changed(self()); }

    /// With `cotangent` also straight back.
    Values pass(const Floats &x, const Floats *cotangent = nullptr,
                spar_wants wants = SPAR_WANT_INPUT_GRADIENT, std::int32_t tape = 0,
                spar_mode mode = SPAR_MODE_EVAL, std::uint64_t key = 1) {
        const std::int64_t rows = std::ssize(x) / size();
        Shape batch = shape_;
        batch.insert(batch.begin(), rows);
        spar::View view(x.data(), spar::View::float32, batch);
        std::vector<std::int64_t> ids;
        for (std::int64_t i = 0; i < rows; ++i) ids.push_back(100 + i);
        Values values{Floats(static_cast<std::size_t>(rows * outputs_)), Floats(x.size())};
        auto head = [&](std::int64_t first, std::int64_t count, const float *, float *gradients) {
            if (gradients != nullptr)
                std::copy_n(cotangent->data() + first * outputs_, count * outputs_, gradients);
        };
        const spar::HeadRef ref(head);
        spar_pass request{};
        request.struct_size = sizeof request;
        request.wants = wants;
        request.mode = mode;
        request.tape = tape;
        request.key = key;
        request.ids = ids.data();
        request.x = view.view();
        if (cotangent != nullptr) {
            request.head = ref.function;
            request.head_context = ref.context;
        }
        request.outputs = values.outputs.data();
        request.dx = values.dx.data();
        spar::checked([&](spar_error *e) { return table().pass(self(), &request, e); });
        return values;
    }

    Floats backward(std::int32_t tape, const Floats &cotangent,
                    spar_wants wants = SPAR_WANT_INPUT_GRADIENT) {
        Floats dx(cotangent.size() / static_cast<std::size_t>(outputs_) *
                  static_cast<std::size_t>(size()));
        spar::checked([&](spar_error *e) {
            return table().backward(self(), tape, cotangent.data(), wants, dx.data(), e);
        });
        return dx;
    }

    const spar_model_table &table() const { return made_.instance().table<spar_model_table>(); }
    void *self() const { return made_.instance().self(); }
    const spar::test::Folder &folder() const { return folder_; }

    /// All parameters, by name.
    const std::map<std::string, spar_parameter> &parameters() const { return parameters_; }

  private:
    struct Node {
        std::string json;
    };
    explicit Net(const Node &node) : made_(SPAR_KIND_MODEL, node.json) {}

    static std::size_t size_of(const spar_parameter &parameter) {
        return static_cast<std::size_t>(
            spar::product({parameter.shape, static_cast<std::size_t>(parameter.rank)}));
    }

    spar::test::Folder folder_;
    spar::test::Made made_;
    Shape shape_;
    std::int64_t outputs_ = 0;
    std::map<std::string, spar_parameter> parameters_;
};

/// What a piece of work throws as the model's own error.
template <class Work>
Refusal refusal_of(Work &&work) {
    try {
        work();
    } catch (const spar::Error &error) {
        return {error.code(), error.what(), error.pointer()};
    }
    FAIL("nothing was refused");
    return {};
}

/// Numbers between -1 and 1 that look random.
inline Floats numbers(std::int64_t count, int seed = 0) {
    Floats values;
    for (std::int64_t i = 0; i < count; ++i)
        values.push_back(static_cast<float>((i * 37 + seed * 11 + 5) % 29) / 14.0F - 1);
    return values;
}

inline const std::string plain = R"("arrays": "memoryview")";

/// outputs k = w_k . (x * x), which needs x on the way back; without NumPy.
inline const std::string squares = R"(
import os
def net(x):
    rows, size = x.shape
    x, w = [list(row) for row in x.tolist()], net.parameters["w"]
    outputs = [[sum(w[k, i] * x[r][i] ** 2 for i in range(size)) for k in range(2)] for r in range(rows)]
    def pull(at):
        dx = [[sum(at[r, k] * w[k, i] * 2 * x[r][i] for k in range(2)) for i in range(size)] for r in range(rows)]
        dw = [[sum(at[r, k] * x[r][i] ** 2 for r in range(rows)) for i in range(size)] for k in range(2)]
        return dx, {"w": dw}
    return outputs, pull
net.parameters = {"w": [[1, 2, 3], [-1, 0.5, 4]]}
)";

}  // namespace fixture
