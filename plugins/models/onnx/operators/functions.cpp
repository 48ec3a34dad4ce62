// Functions of single values: activations and the like.
#include "operations/function.hpp"

#include "import/functions.hpp"
#include "kernels/kernels.hpp"
#include "operators/operators.hpp"

#include <cmath>

namespace onnx {
namespace {

float sigmoid(float x) {
    return 1.0F / (1.0F + std::exp(-x));
}

struct Elu {
    float alpha;
    float value(float x) const { return x > 0 ? x : alpha * std::expm1(x); }
    float slope(float x, float y) const { return x > 0 ? 1.0F : y + alpha; }
};
struct Selu {
    float alpha, gamma;
    float value(float x) const { return gamma * (x > 0 ? x : alpha * std::expm1(x)); }
    float slope(float x, float) const { return gamma * (x > 0 ? 1.0F : alpha * std::exp(x)); }
};
struct HardSigmoid {
    float alpha, beta;
    float value(float x) const { return std::max(0.0F, std::min(1.0F, alpha * x + beta)); }
    float slope(float, float y) const { return y > 0 && y < 1 ? alpha : 0.0F; }
};
struct HardSwish {
    float value(float x) const { return x * std::max(0.0F, std::min(1.0F, x / 6 + 0.5F)); }
    float slope(float x, float) const { return x <= -3 ? 0.0F : x >= 3 ? 1.0F : x / 3 + 0.5F; }
};
struct Softplus {
    float value(float x) const { return std::max(x, 0.0F) + std::log1p(std::exp(-std::abs(x))); }
    float slope(float x, float) const { return sigmoid(x); }
};
struct Softsign {
    float value(float x) const { return x / (1 + std::abs(x)); }
    float slope(float x, float) const { return 1 / ((1 + std::abs(x)) * (1 + std::abs(x))); }
};
struct Mish {
    float value(float x) const { return x * std::tanh(Softplus{}.value(x)); }
    float slope(float x, float) const {
        const float t = std::tanh(Softplus{}.value(x));
        return t + x * (1 - t * t) * sigmoid(x);
    }
};
struct Erf {
    float value(float x) const { return std::erf(x); }
    float slope(float x, float) const { return 1.12837917F * std::exp(-x * x); }
};
struct GeluTanh {
    static constexpr float scale = 0.797884561F, cubic = 0.044715F;
    float value(float x) const {
        return 0.5F * x * (1 + std::tanh(scale * (x + cubic * x * x * x)));
    }
    float slope(float x, float) const {
        const float t = std::tanh(scale * (x + cubic * x * x * x));
        return 0.5F * (1 + t) + 0.5F * x * (1 - t * t) * scale * (1 + 3 * cubic * x * x);
    }
};
struct Clip {
    float low, high;
    float value(float x) const { return std::min(std::max(x, low), high); }
    float slope(float x, float) const { return x >= low && x <= high ? 1.0F : 0.0F; }
};
struct Sqrt {
    float value(float x) const { return std::sqrt(x); }
    float slope(float, float y) const { return 0.5F / y; }
};
struct Exp {
    float value(float x) const { return std::exp(x); }
    float slope(float, float y) const { return y; }
};
struct Log {
    float value(float x) const { return std::log(x); }
    float slope(float x, float) const { return 1 / x; }
};
struct Abs {
    float value(float x) const { return std::abs(x); }
    float slope(float x, float) const { return x > 0 ? 1.0F : x < 0 ? -1.0F : 0.0F; }
};
struct Neg {
    float value(float x) const { return -x; }
    float slope(float, float) const { return -1; }
};
struct Reciprocal {
    float value(float x) const { return 1 / x; }
    float slope(float, float y) const { return -y * y; }
};

/// The engine's own, faster functions.
void apply(Call &call, const sequential::PointwiseFunction &function) {
    const Activation x = call.activation(0);
    call.give(call.importer.activation(sequential::add_pointwise(call.graph(), x.value, function),
                                       x.axes, x.learned));
}

void gelu(Call &call) {
    if (call.text("approximate", "none") == "tanh") return apply(call, GeluTanh{});
    apply(call, {sequential::kernels().gelu, sequential::kernels().gelu_gradient, false});
}

void clip(Call &call) {
    const auto bound = [&](std::size_t i, const char *name, float otherwise) {
        if (call.has(i)) return call.scalar(i, name);
        return call.number(name, otherwise);
    };
    const float infinity = std::numeric_limits<float>::infinity();
    apply(call, Clip{bound(1, "min", -infinity), bound(2, "max", infinity)});
}

}  // namespace

std::vector<Operator> functions_operators() {
    return {
        {"Elu", "", [](Call &c) { apply(c, Elu{c.number("alpha", 1)}); }},
        {"Selu", "",
         [](Call &c) {
             apply(c, Selu{c.number("alpha", 1.67326319F), c.number("gamma", 1.05070102F)});
         }},
        {"Sigmoid", "",
         [](Call &c) {
             apply(c,
                   {sequential::kernels().sigmoid, sequential::kernels().sigmoid_gradient, true});
         }},
        {"Tanh", "",
         [](Call &c) {
             apply(c, {sequential::kernels().tanh, sequential::kernels().tanh_gradient, true});
         }},
        {"HardSigmoid", "",
         [](Call &c) {
             apply(c, HardSigmoid{c.number("alpha", 0.2F), c.number("beta", 0.5F)});
         }},
        {"HardSwish", "", [](Call &c) { apply(c, HardSwish{}); }},
        {"Softplus", "", [](Call &c) { apply(c, Softplus{}); }},
        {"Softsign", "", [](Call &c) { apply(c, Softsign{}); }},
        {"Mish", "", [](Call &c) { apply(c, Mish{}); }},
        {"Erf", "", [](Call &c) { apply(c, Erf{}); }},
        {"Gelu", "", gelu},
        {"Clip", "bounds are constants", clip},
        {"Sqrt", "", [](Call &c) { apply(c, Sqrt{}); }},
        {"Exp", "", [](Call &c) { apply(c, Exp{}); }},
        {"Log", "", [](Call &c) { apply(c, Log{}); }},
        {"Abs", "", [](Call &c) { apply(c, Abs{}); }},
        {"Neg", "", [](Call &c) { apply(c, Neg{}); }},
        {"Reciprocal", "", [](Call &c) { apply(c, Reciprocal{}); }},
    };
}

}  // namespace onnx
