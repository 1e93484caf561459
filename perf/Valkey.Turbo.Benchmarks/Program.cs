using BenchmarkDotNet.Running;
using Valkey.Turbo.Benchmarks;

if (args is ["scaling", ..])
{
    EngineScaling.Run();
}
else if (args is ["growth", ..])
{
    TableGrowth.Run();
}
else if (args is ["collections", ..])
{
    CollectionGrowth.Run();
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(EngineScaling).Assembly).Run(args);
}
