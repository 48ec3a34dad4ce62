// Batch normalisation, whose running statistics become buffers.
#include "layers/norm.hpp"
#include "operators/operators.hpp"

namespace onnx {
namespace {

void batch_norm(Call &call) {
    const Activation x = call.activation(0);
    if (x.rank() < 2 || !x.axes[0].batch || x.axes[0].size != 1)
        call.refuse("takes [batch, channels, ...], got " + dims_text(x));
    const std::int64_t channels = x.axes[1].size;
    const auto vector = [&](std::size_t i, const char *what) -> const Constant & {
        const Constant &found = call.constant(i, what);
        if (found.integer || found.dims != Shape{channels})
            call.refuse(std::string("its ") + what + " has the shape " +
                        spar::shape_text(found.dims) + ", expected one number for each of " +
                        std::to_string(channels) + " channels");
        return found;
    };
    Book &book = call.importer.book;
    const Shape shape{channels, x.rank() == 4 ? x.axes[2].size : x.size() / channels,
                      x.rank() == 4 ? x.axes[3].size : 1};
    const sequential::ChannelNorm norm{book.parameter(vector(1, "scale"), {channels}),
                                       book.parameter(vector(2, "bias"), {channels}),
                                       call.number("epsilon", 1e-5F),
                                       call.importer.take_rectifier(call.node)};
    // The file names the share of the old statistics, the engine that of the new ones.
    const sequential::RunningStatistics running{book.buffer(vector(3, "mean")),
                                                book.buffer(vector(4, "variance")),
                                                nullptr,
                                                1.0 - call.number("momentum", 0.9F),
                                                {node_text(call.node), "/file"}};
    const int input = sequential::in_channel_blocks(call.graph(), call.importer.image(x, shape));
    const int value = sequential::add_batch_norm(call.graph(), input, norm, running);
    call.importer.note_parameters(value);
    call.give(call.importer.activation(value, x.axes, true));
}

}  // namespace

std::vector<Operator> batch_norm_operators() {
    return {{"BatchNormalization", "", batch_norm}};
}

}  // namespace onnx
