// The nets on docs/models.md: each is called with examples of the shape that its first line says.
#include "fixture.hpp"
#include "python.hpp"

#include <cmath>
#include <sstream>

using namespace fixture;

namespace {

struct Block {
    std::string source, module;
    Shape shape;
};

std::vector<Block> blocks() {
    const std::string page = spar::test::file_content(SPAR_SOURCE_DIR "/docs/models.md");
    const std::string fence = "```python\n# examples [";
    std::vector<Block> found;
    for (std::size_t at = page.find(fence); at != std::string::npos; at = page.find(fence, at)) {
        at += fence.size();
        Block block;
        std::string extents = page.substr(at, page.find(']', at) - at);
        for (char &c : extents)
            if (c == ',') c = ' ';
        std::istringstream numbers(extents);
        for (std::int64_t extent = 0; numbers >> extent;) block.shape.push_back(extent);
        block.source = page.substr(page.find('\n', at), page.find("```", at) - page.find('\n', at));
        std::istringstream words(block.source.substr(block.source.find("import ") + 7));
        words >> block.module;
        found.push_back(block);
    }
    return found;
}

}  // namespace

TEST_CASE("the nets of the guide have the gradients that differences show") {
    const std::vector<Block> all = blocks();
    CHECK(all.size() >= 4);
    for (const Block &block : all) {
        INFO(block.source);
        const auto python = spar::test::python_with(block.module);
        if (!python) continue;
        Net net(block.source, R"("interpreter": ")" + *python + "\"");
        net.set_up(block.shape);
        CHECK(net.outputs() == 10);
        if (net.has("w")) {
            for (float &value : net.value("w")) value = 0.01F;
            net.changed();
        }
        const Floats x = numbers(3 * net.size()), at = numbers(30, 1);
        const Values found = net.pass(x, &at);
        const Floats direction = numbers(3 * net.size(), 2);
        double slope = 0, differences = 0;
        for (std::size_t i = 0; i < x.size(); ++i) slope += double{found.dx[i]} * direction[i];
        for (const float step : {-1e-2F, 1e-2F}) {
            Floats moved = x;
            for (std::size_t i = 0; i < x.size(); ++i) moved[i] += step * direction[i];
            const Floats outputs = net.pass(moved).outputs;
            for (std::size_t i = 0; i < at.size(); ++i)
                differences += double{at[i]} * outputs[i] * (step > 0 ? 1 : -1) / 2e-2;
        }
        CHECK(slope == doctest::Approx(differences).epsilon(0.02));
    }
}
