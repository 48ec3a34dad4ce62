// Normalisation of groups of an example's channels, or of each by itself.
#include "import/movement.hpp"
#include "layers/norm.hpp"
#include "operators/operators.hpp"

namespace onnx {
namespace {

/// One number for each channel, from one for each or one for each group.
Constant for_channels(const Call &call, std::size_t i, std::int64_t channels, std::int64_t groups) {
    const Constant &found = call.constant(i, i == 1 ? "scale" : "bias");
    if (!found.integer && found.dims == Shape{channels}) return found;
    if (found.integer || found.dims != Shape{groups})
        call.refuse("its scale and bias should have one number for each channel or group");
    return with_dims(moved(found, strided({groups, channels / groups}, {1, 0})), {channels});
}

void normalise(Call &call, bool each) {
    const Activation x = call.activation(0);
    if (x.rank() < 3 || !x.axes[0].batch || x.axes[0].size != 1)
        call.refuse("takes [batch, channels, ...], got " + dims_text(x));
    const std::int64_t channels = x.axes[1].size;
    const std::int64_t groups = each ? channels : call.integer("num_groups", 0);
    if (groups < 1 || channels % groups != 0)
        call.refuse(std::to_string(groups) + " groups do not divide " + std::to_string(channels) +
                    " channels");
    const Shape shape{channels, x.rank() == 4 ? x.axes[2].size : x.size() / channels,
                      x.rank() == 4 ? x.axes[3].size : 1};
    Book &book = call.importer.book;
    const sequential::ChannelNorm norm{
        book.parameter(for_channels(call, 1, channels, groups), {channels}),
        book.parameter(for_channels(call, 2, channels, groups), {channels}),
        call.number("epsilon", 1e-5F), call.importer.take_rectifier(call.node)};
    const int input = sequential::in_channel_blocks(call.graph(), call.importer.image(x, shape));
    const int value = sequential::add_group_norm(call.graph(), input, norm, groups);
    call.importer.note_parameters(value);
    call.give(call.importer.activation(value, x.axes, true));
}

}  // namespace

std::vector<Operator> group_norm_operators() {
    return {{"InstanceNormalization", "", [](Call &c) { normalise(c, true); }},
            {"GroupNormalization", "", [](Call &c) { normalise(c, false); }}};
}

}  // namespace onnx
